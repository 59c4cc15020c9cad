//! The in-app inbox.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// An entry of the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notification {
    pub id: Uuid,
    #[schema(example = "reminder")]
    pub kind: String,
    pub task_id: Uuid,
    pub reminder_id: Uuid,
    /// The task's title when the reminder fired.
    pub title: String,
    /// The instant planned.
    pub due_at: DateTime<Utc>,
    pub fired_at: DateTime<Utc>,
    /// `fired_at - due_at` in milliseconds.
    pub late_ms: i64,
}
