//! Reminders of a task.

use chrono::{DateTime, Utc};
use domain::Trigger;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::text;

/// A reminder: `at` a fixed instant, or `before` the task is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reminder {
    pub id: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    /// An RFC 5545 duration; days are calendar days, hours are exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "PT10M")]
    pub before: Option<String>,
    /// The instant it fires; null for a relative one while the task is not due at any time.
    #[schema(required)]
    pub fires_at: Option<DateTime<Utc>>,
}

impl From<&domain::Reminder> for Reminder {
    fn from(reminder: &domain::Reminder) -> Self {
        let (at, before) = match reminder.trigger {
            Trigger::At(instant) => (Some(instant), None),
            Trigger::Before(lead) => (None, Some(lead.to_string())),
        };
        Self { id: reminder.id.0, at, before, fires_at: reminder.fires_at }
    }
}

/// A reminder as it is asked for. One that was read may be sent back as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ReminderInput {
    /// At a fixed instant.
    At {
        /// Names a reminder the task has already: it stays that one, even at another time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Uuid>,
        /// An RFC 3339 instant in the years 1 to 9999.
        #[schema(format = DateTime, example = "2026-12-01T08:00:00Z")]
        at: String,
        /// Shown with each reminder, and not looked at.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fires_at: Option<serde_json::Value>,
    },
    /// Before the task is due.
    Before {
        /// Names a reminder the task has already: it stays that one, even at another time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Uuid>,
        #[schema(value_type = text::Lead)]
        before: String,
        /// Shown with each reminder, and not looked at.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fires_at: Option<serde_json::Value>,
    },
}

impl From<&domain::NewReminder> for ReminderInput {
    fn from(reminder: &domain::NewReminder) -> Self {
        let id = reminder.id.map(|id| id.0);
        match reminder.trigger {
            Trigger::At(instant) => Self::At { id, at: instant_text(instant), fires_at: None },
            Trigger::Before(lead) => Self::Before { id, before: lead.to_string(), fires_at: None },
        }
    }
}

fn instant_text(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}
