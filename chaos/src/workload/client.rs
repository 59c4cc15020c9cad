//! A client: sends an operation under its key until it is answered, or gives it up.

use std::{ops::Range, time::Duration};

use anyhow::Result;
use checker::log::{Answer, Client as Who, Failure, Handle, Operation};
use rand::{Rng, rngs::StdRng, seq::IndexedRandom};
use reqwest::{Method, Response};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::Person;

/// How long a try may take.
const TRY: Duration = Duration::from_secs(10);
/// How long an operation is tried. Longer than any fault with its recovery.
const PATIENCE: Duration = Duration::from_secs(150);
/// One in so many operations is given up at once if it is not answered immediately.
const HASTY: u32 = 30;

/// Who does one thing after the other, as one person.
pub(crate) struct Client {
    person: Person,
    who: Who,
    rng: StdRng,
    http: reqwest::Client,
    /// How many operations it has begun; makes keys and titles that nobody else has.
    begun: u64,
}

/// What an operation sends.
pub(crate) struct Request {
    method: Method,
    path: String,
    body: Option<Value>,
}

impl Request {
    /// `path` is what follows `/api/v1`.
    pub(super) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), body: None }
    }

    pub(super) fn of_task(method: Method, task: Uuid, rest: &str) -> Self {
        Self::new(method, format!("/tasks/{task}{rest}"))
    }

    pub(super) fn json(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }
}

/// A client of HTTP that asks directly, whatever proxy the environment names.
pub(crate) fn http() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().tcp_nodelay(true).timeout(TRY).build()?)
}

impl Client {
    pub(crate) fn new(person: &Person, role: &str, rng: StdRng) -> Self {
        let who = Who { name: format!("{}/{role}", person.name), user: person.user };
        // Cannot fail without TLS; a client of the default kind is as good.
        let http = http().unwrap_or_default();
        Self { person: person.clone(), who, rng, http, begun: 0 }
    }

    /// A number that decides something.
    pub(super) fn within(&mut self, range: Range<u64>) -> u64 {
        self.rng.random_range(range)
    }

    /// Whether something happens that happens so often in a hundred.
    pub(super) fn percent(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100) < percent
    }

    pub(super) fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.choose(&mut self.rng)
    }

    /// A title that no other operation sets: whose change a version is can be told by it.
    pub(super) fn title(&self) -> String {
        format!("{} #{}", self.who.name, self.begun + 1)
    }

    /// Does something to a task; the body of the answer if it was accepted, in the end.
    pub(super) async fn perform(&mut self, operation: Operation, request: Request) -> Result<Option<Value>> {
        self.begun += 1;
        let key =
            (!operation.is_read()).then(|| format!("{}-{}", self.who.name.replace(' ', "-"), self.begun));
        let handle = self.person.log.operation(&self.who, key.as_deref(), None, operation)?;
        if self.rng.random_ratio(1, HASTY) {
            let moment = Duration::from_millis(self.within(5..150));
            if let Some(answered) = self.attempt(&handle, key.as_deref(), &request, moment).await? {
                return Ok(answered);
            }
        } else {
            let started = Instant::now();
            while started.elapsed() < PATIENCE {
                if let Some(answered) = self.attempt(&handle, key.as_deref(), &request, TRY).await? {
                    return Ok(answered);
                }
                sleep(Duration::from_millis(self.within(50..400))).await;
            }
        }
        handle.given_up()?;
        Ok(None)
    }

    /// Sends it once to any backend. None without a final answer; of a refusal the body is none.
    async fn attempt(
        &mut self,
        handle: &Handle,
        key: Option<&str>,
        request: &Request,
        limit: Duration,
    ) -> Result<Option<Option<Value>>> {
        let number = self.rng.random_range(0..self.person.backends.len());
        let url = format!("{}/api/v1{}", self.person.backends[number], request.path);
        let mut sent =
            self.http.request(request.method.clone(), url).bearer_auth(&self.person.token).timeout(limit);
        if let Some(key) = key {
            sent = sent.header("idempotency-key", key);
        }
        if let Some(body) = &request.body {
            sent = sent.json(body);
        }
        let attempt = handle.sent()?;
        match async { read(sent.send().await?).await }.await {
            Ok((answer, body)) => {
                let (accepted, last) = (answer.is_accepted(), answer.status < 500);
                attempt.answered(answer)?;
                Ok(last.then_some(body.filter(|_| accepted)))
            }
            Err(error) => {
                let why = if error.is_timeout() { Failure::Timeout } else { Failure::Connection };
                attempt.failed(why, &format!("{error:?}"))?;
                Ok(None)
            }
        }
    }

    /// All open tasks of the person; none when there is no answer.
    pub(super) async fn open_tasks(&mut self) -> Option<Vec<Value>> {
        let (mut tasks, mut cursor) = (Vec::new(), String::new());
        loop {
            let number = self.rng.random_range(0..self.person.backends.len());
            let url = format!("{}/api/v1/tasks?limit=200{cursor}", self.person.backends[number]);
            let sent = self.http.get(url).bearer_auth(&self.person.token).send().await.ok()?;
            let page: Value = sent.error_for_status().ok()?.json().await.ok()?;
            tasks.extend(page["items"].as_array()?.iter().cloned());
            let Some(next) = page["next_cursor"].as_str() else { return Some(tasks) };
            cursor = format!("&cursor={next}");
        }
    }
}

async fn read(response: Response) -> Result<(Answer, Option<Value>), reqwest::Error> {
    let status = response.status().as_u16();
    let etag = response.headers().get("etag").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
    let body = serde_json::from_slice::<Value>(&response.bytes().await?).ok();
    Ok((Answer::read(status, etag.as_deref(), body.as_ref()), body))
}
