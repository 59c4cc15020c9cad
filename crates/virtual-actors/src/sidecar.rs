//! What actors need of Dapr: calls to actors, reminders, publishing.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;

/// A CloudEvent to publish.
#[derive(Debug, Clone, PartialEq)]
pub struct Publication {
    /// The event in CloudEvents JSON format; its `id` names it in the answer.
    pub event: Value,
    /// The broker's partition key.
    pub key: String,
}

/// Why the sidecar did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SidecarError {
    /// It, or what it leads to, cannot be reached now. Whether a call was carried out is unknown.
    #[error("Dapr is unavailable: {0}")]
    Unavailable(String),
    /// It will not do this, however often it is asked.
    #[error("Dapr refused: {0}")]
    Rejected(String),
}

/// The Dapr sidecar, or what stands for it in the test runtime.
#[async_trait]
pub trait Sidecar: Send + Sync + 'static {
    /// Calls an actor's method, wherever Dapr placed it.
    async fn invoke_actor(
        &self,
        actor_type: &str,
        actor_id: &str,
        method: &str,
        body: Vec<u8>,
        timeout: Duration,
    ) -> Result<Vec<u8>, SidecarError>;

    /// Registers a one-shot reminder at an absolute time, retried without end; replaces one of the same name.
    async fn set_reminder(
        &self,
        actor_type: &str,
        actor_id: &str,
        name: &str,
        due: DateTime<Utc>,
    ) -> Result<(), SidecarError>;

    /// Unregisters a reminder; no error if there is none.
    async fn clear_reminder(&self, actor_type: &str, actor_id: &str, name: &str) -> Result<(), SidecarError>;

    /// Publishes events to a topic, in bulk when there are several. The answer has one item per
    /// event, in order: whether the broker accepted it.
    async fn publish(&self, topic: &str, events: Vec<Publication>) -> Result<Vec<bool>, SidecarError>;
}
