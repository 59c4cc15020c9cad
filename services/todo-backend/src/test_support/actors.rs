//! In the place of daprd and the actor hosts: task actors that keep the protocol's promises to a
//! client (one answer for a command id, the version checked, rows committed), one turn at a time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use contracts::{
    recurrence::MissedChecked,
    reminder_schedule::RemindersChecked,
    task::{
        CompleteTask, CreateTask, DeleteTask, EditTask, EndRecurrence, ReopenTask, RestoreInstance,
        RestoreTask, SkipTask, TaskRefusal, TaskSnapshot, WithdrawInstance,
    },
};
use domain::{NewTask, Refusal, Task, TaskId, Transition, UserId};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sqlx::{PgPool, types::Json};
use virtual_actors::{Call, Clock, CommandId, Fingerprint, Outcome, Publication, Sidecar, SidecarError};

use super::TestClock;

pub(crate) struct Actors {
    pool: PgPool,
    clock: Arc<TestClock>,
    /// Held for the length of a turn.
    answered: tokio::sync::Mutex<HashMap<CommandId, (Fingerprint, Outcome)>>,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    poked: Vec<String>,
    failure: Option<SidecarError>,
}

impl Actors {
    pub(crate) fn new(pool: PgPool, clock: Arc<TestClock>) -> Self {
        Self { pool, clock, answered: Default::default(), notes: Default::default() }
    }

    /// From now on nobody answers.
    pub(crate) fn go_down(&self) {
        self.notes().failure = Some(SidecarError::Unavailable("nobody is there".into()));
    }

    /// From now on every call is refused.
    pub(crate) fn refuse(&self) {
        self.notes().failure = Some(SidecarError::Rejected("no".into()));
    }

    /// The users whose schedules were poked.
    pub(crate) fn poked(&self) -> Vec<String> {
        self.notes().poked.clone()
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap()
    }

    async fn task_turn(&self, id: TaskId, method: &str, call: Call) -> Outcome {
        let mut answered = self.answered.lock().await;
        let fingerprint = Fingerprint::of(method, &call.message);
        let command = call.command_id.expect("every command has an id");
        match answered.get(&command) {
            Some((first, outcome)) if *first == fingerprint => return outcome.clone(),
            Some(_) => return Outcome::CommandIdReused,
            None => {}
        }
        let outcome = match self.decide(id, method, call.message).await {
            Ok(snapshot) => Outcome::Done { reply: value(&snapshot) },
            Err(refusal) => Outcome::Refused { refusal: value(&refusal) },
        };
        answered.insert(command, (fingerprint, outcome.clone()));
        outcome
    }

    async fn decide(&self, id: TaskId, method: &str, message: Value) -> Result<TaskSnapshot, TaskRefusal> {
        let now = self.clock.now();
        let stored = self.load(id).await;
        let transition = match (method, &stored) {
            ("create", None) => create(id, read(message), now)?,
            ("create", Some(_)) => panic!("a task was created twice"),
            (_, None) => return Err(TaskRefusal::NotFound),
            ("edit", Some(task)) => {
                let EditTask { user, if_version, zone, patch } = read(message);
                guard(task, user, if_version)?.edit(patch, zone, now).map_err(refusal)?
            }
            ("complete", Some(task)) => {
                let CompleteTask { user, if_version } = read(message);
                guard(task, user, if_version)?.complete(now).map_err(refusal)?
            }
            ("skip", Some(task)) => {
                let SkipTask { user, if_version } = read(message);
                guard(task, user, if_version)?.skip(now).map_err(refusal)?
            }
            ("end_recurrence", Some(task)) => {
                let EndRecurrence { user, if_version } = read(message);
                guard(task, user, if_version)?.end_series(now).map_err(refusal)?
            }
            ("withdraw_instance", Some(task)) => {
                let WithdrawInstance { user } = read(message);
                guard(task, user, None)?.withdraw(now)
            }
            ("restore_instance", Some(task)) => {
                let RestoreInstance { user, zone } = read(message);
                guard(task, user, None)?.make_again(zone, now).map_err(refusal)?
            }
            ("reopen", Some(task)) => {
                let ReopenTask { user, if_version, zone } = read(message);
                guard(task, user, if_version)?.reopen(zone, now).map_err(refusal)?
            }
            ("delete", Some(task)) => {
                let DeleteTask { user, if_version } = read(message);
                guard(task, user, if_version)?.delete(now).map_err(refusal)?
            }
            ("restore", Some(task)) => {
                let RestoreTask { user, if_version, zone } = read(message);
                guard(task, user, if_version)?.restore(zone, now).map_err(refusal)?
            }
            (method, _) => panic!("Task has no method {method}"),
        };
        let version = stored.map_or(0, |stored| stored.version);
        match transition {
            Transition::Unchanged(task) => Ok(TaskSnapshot { version, task }),
            Transition::Changed { task, .. } => {
                let snapshot = TaskSnapshot { version: version + 1, task };
                self.save(&snapshot).await;
                Ok(snapshot)
            }
        }
    }

    async fn load(&self, id: TaskId) -> Option<TaskSnapshot> {
        let row: Option<(i64, Json<Task>)> = sqlx::query_as("SELECT version, state FROM task WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(&self.pool)
            .await
            .unwrap();
        row.map(|(version, task)| TaskSnapshot { version, task: task.0 })
    }

    async fn save(&self, TaskSnapshot { version, task }: &TaskSnapshot) {
        sqlx::query(
            "INSERT INTO task (id, version, state) VALUES ($1, $2, $3)
             ON CONFLICT (id) DO UPDATE SET version = $2, state = $3",
        )
        .bind(task.id().to_string())
        .bind(version)
        .bind(Json(task))
        .execute(&self.pool)
        .await
        .unwrap();
    }
}

fn create(id: TaskId, message: CreateTask, now: DateTime<Utc>) -> Result<Transition, TaskRefusal> {
    let CreateTask { owner, title, notes, priority, tags, due, reminders, zone, series } = message;
    let new = NewTask { id, owner, title, notes, priority, tags, due, reminders, zone, series };
    Task::create(new, now).map(Transition::from).map_err(|violations| TaskRefusal::Invalid { violations })
}

fn guard(stored: &TaskSnapshot, user: UserId, if_version: Option<i64>) -> Result<Task, TaskRefusal> {
    if stored.task.owner() != user {
        return Err(TaskRefusal::NotFound);
    }
    if if_version.is_some_and(|expected| expected != stored.version) {
        return Err(TaskRefusal::VersionMismatch { current: stored.version });
    }
    Ok(stored.task.clone())
}

fn refusal(refusal: Refusal) -> TaskRefusal {
    match refusal {
        Refusal::Deleted => TaskRefusal::Deleted,
        Refusal::Invalid(violations) => TaskRefusal::Invalid { violations },
    }
}

fn read<T: DeserializeOwned>(message: Value) -> T {
    serde_json::from_value(message).unwrap()
}

fn value(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).unwrap()
}

#[async_trait]
impl Sidecar for Actors {
    async fn invoke_actor(
        &self,
        actor_type: &str,
        actor_id: &str,
        method: &str,
        body: Vec<u8>,
        _: Duration,
    ) -> Result<Vec<u8>, SidecarError> {
        if let Some(failure) = self.notes().failure.clone() {
            return Err(failure);
        }
        let call: Call = serde_json::from_slice(&body).unwrap();
        let outcome = match (actor_type, method) {
            ("ReminderSchedule", "check") => {
                self.notes().poked.push(actor_id.to_owned());
                Outcome::Done { reply: value(&RemindersChecked { fired: 1, next: None }) }
            }
            ("Recurrence", "check_missed") => {
                self.notes().poked.push(actor_id.to_owned());
                Outcome::Done { reply: value(&MissedChecked { planned: 1 }) }
            }
            ("Task", method) => self.task_turn(actor_id.parse().unwrap(), method, call).await,
            (other, _) => panic!("no actor type {other}"),
        };
        Ok(serde_json::to_vec(&outcome).unwrap())
    }

    async fn set_reminder(&self, _: &str, _: &str, _: &str, _: DateTime<Utc>) -> Result<(), SidecarError> {
        unreachable!("a backend sets no reminders")
    }

    async fn clear_reminder(&self, _: &str, _: &str, _: &str) -> Result<(), SidecarError> {
        unreachable!("a backend sets no reminders")
    }

    async fn publish(&self, _: &str, _: Vec<Publication>) -> Result<Vec<bool>, SidecarError> {
        unreachable!("a backend publishes nothing")
    }
}
