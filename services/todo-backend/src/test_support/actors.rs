//! In the place of daprd and the actor hosts: the actors' own code on the test's database, one turn at a time.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use contracts::reminder_schedule::RemindersChecked;
use project_actor::ProjectActor;
use recurrence_actor::RecurrenceActor;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgPool;
use task_actor::TaskActor;
use virtual_actors::{
    Actor, Call, Clock, Engine, Methods, Outcome, PgStore, Publication, Sidecar, SidecarError, Store,
};

pub(crate) struct Actors {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    poked: Vec<String>,
    failure: Option<SidecarError>,
}

impl Actors {
    pub(crate) fn new(pool: PgPool, clock: Arc<dyn Clock>) -> Self {
        Self { store: Arc::new(PgStore::new(pool)), clock, notes: Mutex::default() }
    }

    /// From now on nobody answers.
    pub(crate) fn go_down(&self) {
        self.notes().failure = Some(SidecarError::Unavailable("nobody is there".into()));
    }

    /// From now on they answer again.
    pub(crate) fn come_back(&self) {
        self.notes().failure = None;
    }

    /// From now on every call is refused.
    pub(crate) fn refuse(&self) {
        self.notes().failure = Some(SidecarError::Rejected("no".into()));
    }

    /// The users' schedules and the series that were poked.
    pub(crate) fn poked(&self) -> Vec<String> {
        self.notes().poked.clone()
    }

    /// A message to a series, as the outbox or its service brings it.
    pub(crate) async fn tell_series(&self, series: &str, method: &str, message: Value) {
        let call = Call { message, ..Call::default() };
        let outcome = self.turn::<RecurrenceActor>(series, method, &call).await;
        assert!(outcome.is_answer(), "{outcome:?}");
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap()
    }

    /// As on a host that has just been given the actor.
    async fn turn<A: Actor>(&self, id: &str, method: &str, call: &Call) -> Outcome {
        let methods = Arc::new(Methods::of_actor());
        let mut engine = Engine::<A>::new(id, methods, Arc::clone(&self.store), Arc::clone(&self.clock));
        engine.turn(method, call, Duration::ZERO).await.0
    }
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
            ("Recurrence", method) => {
                self.notes().poked.push(actor_id.to_owned());
                self.turn::<RecurrenceActor>(actor_id, method, &call).await
            }
            ("Project", method) => self.turn::<ProjectActor>(actor_id, method, &call).await,
            ("Task", method) => self.turn::<TaskActor>(actor_id, method, &call).await,
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
