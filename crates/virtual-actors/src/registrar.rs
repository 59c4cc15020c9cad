//! Keeps Dapr's reminders in step with what turns asked for.
//!
//! Registering is outside of the turn: the state is committed already, and Dapr may be down. The
//! latest wish for each reminder is tried until Dapr takes it. A wish lost in a crash is found
//! again at the next activation, which registers what the state wants; an actor without a state
//! needs a sweep that calls it before its time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use crate::{
    metrics,
    sidecar::{Sidecar, SidecarError},
    turn::ReminderChange,
};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// How long the end of the process waits for registrations.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    actor_type: &'static str,
    actor_id: String,
    name: String,
}

/// Carries reminder changes to Dapr, one at a time for each reminder.
#[derive(Clone)]
pub(crate) struct Registrar {
    sidecar: Arc<dyn Sidecar>,
    runtime: Handle,
    /// A key is present while a task works on it; the value is the wish that came meanwhile.
    wishes: Arc<Mutex<HashMap<Key, Option<ReminderChange>>>>,
    carrying: TaskTracker,
}

impl Registrar {
    pub(crate) fn new(sidecar: Arc<dyn Sidecar>, runtime: Handle) -> Self {
        Self { sidecar, runtime, wishes: Arc::default(), carrying: TaskTracker::new() }
    }

    pub(crate) fn apply(&self, actor_type: &'static str, actor_id: &str, changes: Vec<ReminderChange>) {
        for change in changes {
            let name = match &change {
                ReminderChange::Set(reminder) => reminder.name.clone(),
                ReminderChange::Clear(name) => name.clone(),
            };
            let key = Key { actor_type, actor_id: actor_id.to_owned(), name };
            let mut wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(newer) = wishes.get_mut(&key) {
                *newer = Some(change);
            } else {
                wishes.insert(key.clone(), None);
                self.carrying.spawn_on(self.clone().carry(key, change), &self.runtime);
            }
        }
    }

    /// Waits for what is being carried, but not for a Dapr that is away.
    pub(crate) async fn settle(&self) {
        self.carrying.close();
        if tokio::time::timeout(PATIENCE, self.carrying.wait()).await.is_err() {
            tracing::warn!(left = self.carrying.len(), "some reminders were not registered before the end");
        }
    }

    async fn carry(self, key: Key, mut change: ReminderChange) {
        let mut pause = FIRST_PAUSE;
        loop {
            let label = match &change {
                ReminderChange::Set(_) => "set",
                ReminderChange::Clear(_) => "clear",
            };
            match self.attempt(&key, &change).await {
                Ok(()) => {
                    metrics::REMINDERS.with_label_values(&[label, "ok"]).inc();
                    match self.newer(&key) {
                        Some(newer) => change = newer,
                        None => return,
                    }
                    pause = FIRST_PAUSE;
                }
                Err(error) => {
                    metrics::REMINDERS.with_label_values(&[label, "failed"]).inc();
                    tracing::warn!(actor_type = key.actor_type, actor_id = %key.actor_id, name = %key.name, %error,
                        "a reminder was not {label}; it is tried again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    if let Some(newer) = self.take(&key) {
                        change = newer;
                    }
                }
            }
        }
    }

    async fn attempt(&self, key: &Key, change: &ReminderChange) -> Result<(), SidecarError> {
        match change {
            ReminderChange::Set(reminder) => {
                self.sidecar.set_reminder(key.actor_type, &key.actor_id, &key.name, reminder.due).await
            }
            ReminderChange::Clear(name) => {
                self.sidecar.clear_reminder(key.actor_type, &key.actor_id, name).await
            }
        }
    }

    /// The wish that came meanwhile; without one the work on this reminder ends.
    fn newer(&self, key: &Key) -> Option<ReminderChange> {
        let mut wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = wishes.get_mut(key).and_then(Option::take);
        if newer.is_none() {
            wishes.remove(key);
        }
        newer
    }

    fn take(&self, key: &Key) -> Option<ReminderChange> {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner).get_mut(key).and_then(Option::take)
    }
}
