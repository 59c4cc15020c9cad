//! Clients that do what the API says: a request that gets a 503 or no answer is sent again under its key.

use std::{
    mem::take,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use almanac_tests::{Answer, Person, Request, eventually};
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};
use virtual_actors::{IdSource, System};
use xtask::Stack;

use crate::report::Tally;

const EDITORS: usize = 12;
const SERIES: usize = 2;
/// After so many changes the history is read, which another service answers to the backend.
const LOOKS_BACK: i64 = 5;
/// Between two new tasks with a reminder.
const REMINDING: Duration = Duration::from_millis(400);
const AGAIN: Duration = Duration::from_millis(200);
/// Not answered for so long is an error.
const PATIENCE: Duration = Duration::from_secs(60);

/// The clients, asking.
pub(crate) struct Load {
    client: Client,
    editing: Vec<JoinHandle<(Person, Value, i64)>>,
    recurring: Vec<JoinHandle<(Person, Value, usize)>>,
    reminding: JoinHandle<(Person, usize)>,
}

#[derive(Clone, Default)]
struct Client {
    tally: Arc<Mutex<Tally>>,
    over: Arc<AtomicBool>,
}

impl Client {
    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    fn note(&self, note: impl FnOnce(&mut Tally)) {
        note(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Sends a request under a key of its own until it is answered; `None` if that is an error.
    async fn ask(&self, request: Request) -> Option<Value> {
        let (request, sent, mut retries) = (request.key(System.next_id().to_string()), Instant::now(), 0);
        let outcome = loop {
            let last = match request.attempt().await {
                Ok(Answer { status: 200..300, body }) => break Ok(body),
                Ok(answer) if answer.status != 503 => break Err(format!("{answer:?}")),
                Ok(answer) => format!("{answer:?}"),
                Err(error) => format!("{error:?}"),
            };
            if sent.elapsed() > PATIENCE {
                break Err(format!("not answered: {last}"));
            }
            retries += 1;
            sleep(AGAIN).await;
        };
        self.note(|tally| {
            tally.requests += 1;
            tally.retries += retries;
            tally.longest = tally.longest.max(sent.elapsed());
            tally.errors.extend(outcome.as_ref().err().cloned());
        });
        outcome.ok()
    }
}

impl Load {
    pub(crate) async fn start(stack: &Stack) -> Self {
        let client = Client::default();
        let people = join_all((0..=EDITORS + SERIES).map(|_| Person::register(stack))).await;
        let mut people = people.into_iter();
        let editing =
            people.by_ref().take(EDITORS).map(|ada| tokio::spawn(edit(client.clone(), ada))).collect();
        let recurring =
            people.by_ref().take(SERIES).map(|ada| tokio::spawn(recur(client.clone(), ada))).collect();
        let ada = people.next().expect("one for each and one more");
        let reminding = tokio::spawn(remind(client.clone(), ada));
        Self { client, editing, recurring, reminding }
    }

    /// What clients noticed since the last time.
    pub(crate) fn take(&self) -> Tally {
        take(&mut self.client.tally.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends the asking, and fails unless all that was answered is there, once.
    pub(crate) async fn finish(self) -> String {
        self.client.over.store(true, Ordering::Relaxed);
        let mut changes = 0;
        for editing in self.editing {
            let (ada, task, last) = editing.await.expect("no version was missing");
            let history = ada.history_holds(&task, &[("task.created", 1)]).await;
            let versions = eventually("the whole history", PATIENCE, async || {
                let versions: Vec<i64> =
                    ada.history(&task).await.iter().filter_map(|entry| entry["version"].as_i64()).collect();
                (versions.len() as i64 >= last).then_some(versions)
            })
            .await;
            assert_eq!(versions, (1..=last).collect::<Vec<_>>(), "{history:?}");
            changes += last;
        }
        let mut instances = 0;
        for recurring in self.recurring {
            let (ada, series, completed) = recurring.await.expect("each instance was followed");
            let mut all = ada.all("/tasks?status=done").await;
            all.extend(ada.all("/tasks?status=open").await);
            all.retain(|task| task["recurrence"]["series_id"] == series);
            assert_eq!(all.len(), completed + 1, "one next instance each");
            instances += all.len();
        }
        let (ada, reminders) = self.reminding.await.expect("reminders were set");
        let told = ada.notified_within(reminders, PATIENCE).await;
        assert_eq!(told.len(), reminders, "each reminder once");
        format!("Checked: {changes} changes, {instances} instances of series, {reminders} reminders.")
    }
}

/// Changes a task again and again; each answer must be the next version.
async fn edit(client: Client, ada: Person) -> (Person, Value, i64) {
    let task = ada.create(json!({ "title": "Changes all the time" })).await;
    let mut version = 1;
    while client.goes_on() {
        let request = match version % 3 {
            1 => ada.of_task("PATCH", &task, "").json(json!({ "title": format!("After {version}") })),
            2 => ada.of_task("POST", &task, "/complete"),
            _ => ada.of_task("POST", &task, "/reopen"),
        };
        let Some(answer) = client.ask(request).await else { continue };
        version += 1;
        assert_eq!(answer["version"], version, "{answer}");
        if version % LOOKS_BACK == 0 {
            client.ask(ada.of_task("GET", &task, "/history")).await;
        }
    }
    (ada, task, version)
}

/// Completes one instance after the other.
async fn recur(client: Client, ada: Person) -> (Person, Value, usize) {
    let due = json!({ "at": "2030-01-07T09:00:00", "zone": "Europe/Berlin" });
    let task = json!({ "title": "Every day", "due": due, "recurrence": { "rrule": "FREQ=DAILY" } });
    let mut instance = ada.create(task).await;
    let series = instance["recurrence"]["series_id"].clone();
    let mut completed = 0;
    while client.goes_on() {
        if client.ask(ada.of_task("POST", &instance, "/complete")).await.is_none() {
            continue;
        }
        completed += 1;
        let since = Instant::now();
        instance = loop {
            let open = ada.all("/tasks?status=open").await;
            if let Some(next) = open.into_iter().find(|task| task["recurrence"]["series_id"] == series) {
                break next;
            }
            assert!(since.elapsed() < PATIENCE, "no instance follows {instance}");
            sleep(AGAIN).await;
        };
    }
    (ada, series, completed)
}

/// Sets reminders that fire at once.
async fn remind(client: Client, ada: Person) -> (Person, usize) {
    let mut reminders = 0;
    while client.goes_on() {
        let due = almanac_tests::due_in(61);
        let task = json!({ "title": "Fires soon", "due": due, "reminders": [{ "before": "PT1M" }] });
        if client.ask(ada.request("POST", "/tasks").json(task)).await.is_some() {
            reminders += 1;
        }
        sleep(REMINDING).await;
    }
    (ada, reminders)
}
