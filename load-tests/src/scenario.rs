//! What is measured: one request each.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::{Result, ensure};
use clap::ValueEnum;
use reqwest::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;
use virtual_actors::{IdSource, System};

use crate::{
    api::{self, Api},
    people::{Created, People, Person},
};

/// Actors that answer no-op calls, all of them active after the warm-up.
const NO_OP_ACTORS: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scenario {
    /// The yardstick: a call to a method that `Task` does not have. It goes the way of every command (the backend's
    /// sidecar, the actors' sidecar, the host, the mailbox, the engine) and there it ends, with the outcome
    /// `malformed`, before anything is loaded: no database, no decision.
    NoOp,
    /// The same to an actor that is not active yet, as a new task's never is.
    NoOpActivating,
    Create,
    /// The commit also writes the reminder's row and pokes the user's clock.
    CreateReminding,
    Complete,
    Get,
    List,
}

/// What requests are made of.
#[derive(Debug)]
pub(crate) struct Supplies {
    people: People,
    no_op_actors: Vec<String>,
    /// Tasks to complete, with their owners.
    open: Mutex<VecDeque<(usize, Uuid)>>,
    turn: AtomicUsize,
}

impl Supplies {
    pub(crate) fn new(people: People) -> Self {
        let no_op_actors = (0..NO_OP_ACTORS).map(|_| System.next_id().to_string()).collect();
        Self { people, no_op_actors, open: Mutex::default(), turn: AtomicUsize::new(0) }
    }

    /// A number that goes up with each request, to spread them.
    fn next(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }

    fn writer(&self, number: usize) -> (usize, &Person) {
        let index = number % self.people.writers.len();
        (index, &self.people.writers[index])
    }

    fn opened(&self, owner: usize, task: Uuid) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).push_back((owner, task));
    }

    /// The one that was opened first.
    fn take_open(&self) -> Option<(usize, Uuid)> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl Scenario {
    /// In the order of a round: what completes follows what creates.
    pub(crate) const ALL: [Self; 7] = [
        Self::NoOp,
        Self::Create,
        Self::CreateReminding,
        Self::Complete,
        Self::Get,
        Self::List,
        Self::NoOpActivating,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NoOp => "no-op actor call",
            Self::NoOpActivating => "no-op actor call, activating",
            Self::Create => "create a task",
            Self::CreateReminding => "create a task with a reminder",
            Self::Complete => "complete a task",
            Self::Get => "get a task",
            Self::List => "list 50 of 1,000 tasks",
        }
    }

    /// How many events each request leaves for the audit log.
    pub(crate) fn events(self) -> usize {
        match self {
            Self::Create | Self::CreateReminding | Self::Complete => 1,
            Self::NoOp | Self::NoOpActivating | Self::Get | Self::List => 0,
        }
    }

    /// Sends one request; `false` if there is nothing left to send it about.
    pub(crate) async fn send(self, api: &Api, supplies: &Supplies) -> Result<bool> {
        let number = supplies.next();
        match self {
            Self::NoOp => no_op(api, &supplies.no_op_actors[number % NO_OP_ACTORS]).await?,
            Self::NoOpActivating => no_op(api, &System.next_id().to_string()).await?,
            Self::Create => {
                let (owner, person) = supplies.writer(number);
                let task = json!({ "title": "Water the plants", "tags": ["home"], "priority": "medium" });
                supplies.opened(owner, create(api, person, &task).await?);
            }
            Self::CreateReminding => {
                let (_, person) = supplies.writer(number);
                // Far enough that nothing fires while it is measured.
                let due = json!({ "at": "2090-01-01T09:00:00", "zone": "Europe/Berlin" });
                let task = json!({
                    "title": "Water the plants", "tags": ["home"], "priority": "medium",
                    "due": due, "reminders": [{ "before": "PT10M" }],
                });
                create(api, person, &task).await?;
            }
            Self::Complete => {
                let Some((owner, task)) = supplies.take_open() else { return Ok(false) };
                let (_, person) = supplies.writer(owner);
                let request = api.post(&format!("/tasks/{task}/complete")).bearer_auth(&person.token);
                api::answer(request, StatusCode::OK).await?;
            }
            Self::Get => {
                let People { reader, shelf, .. } = &supplies.people;
                let path = format!("/tasks/{}", shelf[number % shelf.len()]);
                api::answer(api.get(&path).bearer_auth(&reader.token), StatusCode::OK).await?;
            }
            Self::List => {
                let request = api.get("/tasks?limit=50").bearer_auth(&supplies.people.reader.token);
                api::answer(request, StatusCode::OK).await?;
            }
        }
        Ok(true)
    }
}

async fn no_op(api: &Api, actor: &str) -> Result<()> {
    let request = api.call_actor("Task", actor, "no-op").json(&json!({}));
    let outcome: Value = api::read(&api::answer(request, StatusCode::OK).await?)?;
    ensure!(outcome["outcome"] == "malformed", "a no-op call was answered {outcome}");
    Ok(())
}

async fn create(api: &Api, person: &Person, task: &Value) -> Result<Uuid> {
    let request = api.post("/tasks").bearer_auth(&person.token).json(task);
    let Created { id } = api::read(&api::answer(request, StatusCode::CREATED).await?)?;
    Ok(id)
}
