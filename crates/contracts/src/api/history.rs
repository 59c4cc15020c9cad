//! What happened to a task.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// One event of a task's history. Kinds of events may bring members of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HistoryEntry {
    pub event_id: Uuid,
    #[serde(rename = "type")]
    #[schema(example = "task.created")]
    pub kind: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The task's version with this event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// The fields that an update changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// The person who did it, if it was a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Uuid>,
    /// Whatever else this kind of event tells.
    #[serde(flatten)]
    pub more: serde_json::Map<String, serde_json::Value>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_of_later_kinds_pass_through() {
        let written = json!({
            "event_id": "8d0cbb1c-6a0c-5a58-9f0e-3d1f5a2f7c11", "type": "reminder.fired",
            "at": "2026-12-01T08:00:00Z", "late_ms": 12
        });
        let entry: HistoryEntry = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(entry.kind, "reminder.fired");
        assert_eq!(serde_json::to_value(entry).unwrap(), written);
    }
}
