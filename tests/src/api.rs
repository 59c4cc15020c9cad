//! Requests to the REST API.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, header::HeaderMap, redirect::Policy};
use serde_json::Value;
use tokio::time::{Instant, sleep};

/// How long a request that a fault holds up is sent again.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long one try may take.
const LONGEST: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(100);

/// A request; the same one may be sent any number of times.
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    url: String,
    token: Option<String>,
    headers: Vec<(&'static str, String)>,
    body: Option<Body>,
}

#[derive(Clone, Debug)]
enum Body {
    Json(Value),
    /// Of this media type.
    File(&'static str, String),
}

/// What it was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    /// Null when there is none.
    pub body: Value,
}

/// The same as it came.
#[derive(Clone, Debug)]
pub struct WholeAnswer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl WholeAnswer {
    /// A header; empty where it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a text"))
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// Where a `Link` of this relation leads (RFC 8288).
    pub fn link(&self, relation: &str) -> Option<&str> {
        let links = self.header("link").split(", ").filter_map(|link| link.split_once("; "));
        let mut found = links.filter(|(_, is)| *is == format!("rel=\"{relation}\""));
        found.next().map(|(address, _)| address.trim_matches(['<', '>']))
    }
}

impl Request {
    pub fn new(method: &str, url: String) -> Self {
        let method = method.parse().expect("a method");
        Self { method, url, token: None, headers: Vec::new(), body: None }
    }

    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    #[must_use]
    pub fn key(self, idempotency_key: impl Into<String>) -> Self {
        self.header("idempotency-key", idempotency_key)
    }

    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    #[must_use]
    pub fn json(mut self, body: Value) -> Self {
        self.body = Some(Body::Json(body));
        self
    }

    #[must_use]
    pub fn file(mut self, media_type: &'static str, text: impl Into<String>) -> Self {
        self.body = Some(Body::File(media_type, text.into()));
        self
    }

    /// Sends it once.
    pub async fn send(&self) -> Answer {
        self.attempt().await.unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.url))
    }

    /// Sends it once; the answer as text.
    pub async fn text(&self) -> String {
        self.whole().await.text
    }

    /// Sends it once; the answer with its headers.
    pub async fn whole(&self) -> WholeAnswer {
        self.exchange().await.unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.url))
    }

    /// Sends it until it is answered by something else than an error on the way, as a client does that has an
    /// idempotency key.
    pub async fn until_answered(&self) -> Answer {
        let started = Instant::now();
        loop {
            let last = match self.attempt().await {
                Ok(answer) if answer.status < 500 => return answer,
                Ok(answer) => format!("{answer:?}"),
                Err(error) => error.to_string(),
            };
            assert!(started.elapsed() < PATIENCE, "{} {} is not answered: {last}", self.method, self.url);
            sleep(PAUSE).await;
        }
    }

    /// Sends it once; an error is one of the connection.
    pub async fn attempt(&self) -> Result<Answer, reqwest::Error> {
        let answer = self.exchange().await?;
        Ok(Answer { status: answer.status, body: answer.json() })
    }

    async fn exchange(&self) -> Result<WholeAnswer, reqwest::Error> {
        let response = self.begin().timeout(LONGEST).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(WholeAnswer { status, headers, text: response.text().await? })
    }

    /// Sends it once; the answer as it begins, which may go on for ever.
    pub async fn open(&self) -> Result<Response, reqwest::Error> {
        self.begin().send().await
    }

    fn begin(&self) -> RequestBuilder {
        let mut request = client().request(self.method.clone(), &self.url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        match &self.body {
            Some(Body::Json(body)) => request.json(body),
            Some(Body::File(media_type, text)) => {
                request.header("content-type", *media_type).body(text.clone())
            }
            None => request,
        }
    }
}

/// A client that asks directly, whatever proxy the environment names.
fn client() -> Client {
    static CLIENT: std::sync::LazyLock<Client> = std::sync::LazyLock::new(|| {
        // Where an answer leads is for a test to see.
        let client = Client::builder().no_proxy().redirect(Policy::none());
        client.build().expect("a client without TLS always builds")
    });
    CLIENT.clone()
}
