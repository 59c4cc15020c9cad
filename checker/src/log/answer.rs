//! What a client was answered.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// The essentials of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub status: u16,
    /// From the `ETag`, else from the body.
    #[serde(default)]
    pub version: Option<i64>,
    #[serde(default)]
    pub task: Option<ShownTask>,
    /// The `type` of a problem.
    #[serde(default)]
    pub problem: Option<String>,
}

/// A task as an answer shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownTask {
    pub id: Uuid,
    pub title: String,
    /// `open` or `done`.
    #[serde(default)]
    pub status: String,
    #[serde(default)]
    pub reminders: Vec<ShownReminder>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownReminder {
    pub id: Uuid,
    #[serde(default)]
    pub at: Option<DateTime<Utc>>,
    pub fires_at: Option<DateTime<Utc>>,
}

impl Answer {
    /// From a response's status, `ETag` and body. A body that is no task gives none.
    pub fn read(status: u16, etag: Option<&str>, body: Option<&Value>) -> Self {
        let member = |name: &str| body.and_then(|body| body.get(name));
        let tag = etag.and_then(|tag| tag.trim_matches('"').parse().ok());
        let task = body.and_then(|body| ShownTask::deserialize(body).ok());
        Self {
            status,
            version: tag.or_else(|| member("version").and_then(Value::as_i64)),
            problem: member("type").and_then(Value::as_str).map(str::to_owned).filter(|_| status >= 400),
            task: task.filter(|_| status < 300),
        }
    }

    pub fn is_accepted(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A final no: it was not carried out, and is not under this key. Others may have been carried out, or say nothing
    /// of the command.
    pub fn is_refusal(&self) -> bool {
        matches!(self.status, 400 | 403 | 404 | 409 | 412 | 422) && !self.says("idempotency-key-reused")
    }

    /// Whether it is a problem of this type, after `/api/problems/`.
    pub fn says(&self, problem: &str) -> bool {
        self.problem.as_deref().is_some_and(|kind| kind.rsplit('/').next() == Some(problem))
    }
}
