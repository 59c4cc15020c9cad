//! Dapr's sidecar in the test runtime: a broker that keeps what it accepts, and calls to actors.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::channel::{mpsc, oneshot};
use serde_json::Value;

use super::{footprint::Touch, schedule::Schedule};
use crate::{Call, Outcome, Publication, Sidecar, SidecarError};

/// What was published, by topic. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Broker(Arc<Mutex<Topics>>);

#[derive(Debug, Default)]
struct Topics {
    down: bool,
    published: BTreeMap<String, Vec<Value>>,
}

impl Broker {
    fn topics(&self) -> MutexGuard<'_, Topics> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_down(&self, down: bool) {
        self.topics().down = down;
    }

    pub(super) fn published(&self, topic: &str) -> Vec<Value> {
        self.topics().published.get(topic).cloned().unwrap_or_default()
    }

    fn accept(&self, topic: &str, events: Vec<Publication>) -> Result<Vec<bool>, SidecarError> {
        let mut topics = self.topics();
        if topics.down {
            return Err(SidecarError::Unavailable("the broker is down".to_owned()));
        }
        let accepted = vec![true; events.len()];
        let published = topics.published.entry(topic.to_owned()).or_default();
        published.extend(events.into_iter().map(|publication| publication.event));
        Ok(accepted)
    }
}

/// A call on its way to wherever placement says.
pub(super) struct Invocation {
    pub(super) actor_type: String,
    pub(super) actor_id: String,
    pub(super) method: String,
    pub(super) call: Call,
    pub(super) answer: oneshot::Sender<Outcome>,
}

pub(super) struct SimSidecar {
    schedule: Arc<Schedule>,
    broker: Broker,
    lost_answer: f64,
    invocations: mpsc::UnboundedSender<Invocation>,
}

impl SimSidecar {
    pub(super) fn new(
        schedule: Arc<Schedule>,
        broker: Broker,
        lost_answer: f64,
    ) -> (Self, mpsc::UnboundedReceiver<Invocation>) {
        let (invocations, receiver) = mpsc::unbounded();
        (Self { schedule, broker, lost_answer, invocations }, receiver)
    }
}

fn gone(detail: &str) -> SidecarError {
    SidecarError::Unavailable(detail.to_owned())
}

#[async_trait]
impl Sidecar for SimSidecar {
    async fn invoke_actor(
        &self,
        actor_type: &str,
        actor_id: &str,
        method: &str,
        body: Vec<u8>,
        _: Duration,
    ) -> Result<Vec<u8>, SidecarError> {
        let call =
            serde_json::from_slice(&body).map_err(|error| SidecarError::Rejected(error.to_string()))?;
        let (answer, answered) = oneshot::channel();
        let invocation = Invocation {
            actor_type: actor_type.to_owned(),
            actor_id: actor_id.to_owned(),
            method: method.to_owned(),
            call,
            answer,
        };
        self.invocations.unbounded_send(invocation).map_err(|_| gone("the world has ended"))?;
        let outcome = answered.await.map_err(|_| gone("no answer"))?;
        serde_json::to_vec(&outcome).map_err(|error| SidecarError::Rejected(error.to_string()))
    }

    /// The relay is the only one here that talks to the sidecar; reminders have a way of their own.
    async fn set_reminder(&self, _: &str, _: &str, _: &str, _: DateTime<Utc>) -> Result<(), SidecarError> {
        Err(SidecarError::Rejected("reminders are registered by the world".to_owned()))
    }

    async fn clear_reminder(&self, _: &str, _: &str, _: &str) -> Result<(), SidecarError> {
        Err(SidecarError::Rejected("reminders are registered by the world".to_owned()))
    }

    /// Events on their way arrive, even if the relay dies meanwhile.
    async fn publish(&self, topic: &str, events: Vec<Publication>) -> Result<Vec<bool>, SidecarError> {
        let (schedule, broker, topic) = (Arc::clone(&self.schedule), self.broker.clone(), topic.to_owned());
        let arrive = move || {
            for event in &events {
                schedule.touch(Touch::Write, ("topic", &topic, &event.key));
            }
            broker.accept(&topic, events)
        };
        let accepted = self.schedule.post("events reach the broker", arrive).await?;
        if self.schedule.chance(self.lost_answer) {
            return Err(gone("the broker's answer was lost"));
        }
        Ok(accepted)
    }
}
