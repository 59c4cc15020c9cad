//! What clients do to tasks.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An operation with what the checker needs of its parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Operation {
    Create {
        /// No other creation or edit has it.
        title: String,
        #[serde(default)]
        reminders: Vec<AskedReminder>,
        /// An RRULE, if the task recurs.
        #[serde(default)]
        recurrence: Option<String>,
    },
    Edit {
        task: Uuid,
        /// No other creation or edit has it.
        #[serde(default)]
        title: Option<String>,
        #[serde(default)]
        reminders: Option<Vec<AskedReminder>>,
        /// It sets, changes or removes the rule, or moves the task.
        #[serde(default)]
        changes_series: bool,
    },
    Complete {
        task: Uuid,
    },
    Skip {
        task: Uuid,
    },
    Reopen {
        task: Uuid,
    },
    Delete {
        task: Uuid,
    },
    Restore {
        task: Uuid,
    },
    EndRecurrence {
        task: Uuid,
    },
    Read {
        task: Uuid,
    },
}

/// A reminder as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedReminder {
    At(DateTime<Utc>),
    /// A duration before the task is due, as the API takes it.
    Before(String),
}

impl Operation {
    pub fn create(title: impl Into<String>) -> Self {
        Self::Create { title: title.into(), reminders: Vec::new(), recurrence: None }
    }

    /// An edit of the title alone.
    pub fn retitle(task: Uuid, title: impl Into<String>) -> Self {
        Self::Edit { task, title: Some(title.into()), reminders: None, changes_series: false }
    }

    /// The task it is about; none before it is created.
    pub fn task(&self) -> Option<Uuid> {
        match self {
            Self::Create { .. } => None,
            Self::Edit { task, .. }
            | Self::Complete { task }
            | Self::Skip { task }
            | Self::Reopen { task }
            | Self::Delete { task }
            | Self::Restore { task }
            | Self::EndRecurrence { task }
            | Self::Read { task } => Some(*task),
        }
    }

    /// The title it sets, by which its change is known.
    pub fn title(&self) -> Option<&str> {
        match self {
            Self::Create { title, .. } => Some(title),
            Self::Edit { title, .. } => title.as_deref(),
            _ => None,
        }
    }

    pub fn is_read(&self) -> bool {
        matches!(self, Self::Read { .. })
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Edit { .. } => "edit",
            Self::Complete { .. } => "complete",
            Self::Skip { .. } => "skip",
            Self::Reopen { .. } => "reopen",
            Self::Delete { .. } => "delete",
            Self::Restore { .. } => "restore",
            Self::EndRecurrence { .. } => "end recurrence",
            Self::Read { .. } => "read",
        }
    }
}
