//! What is told of a task's changes.

use serde::{Deserialize, Serialize};

use crate::id::CommentId;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum TaskEvent {
    #[serde(rename = "task.created")]
    Created,
    /// The fields whose value in the API is another now; `reminders` also when they only moved.
    #[serde(rename = "task.updated")]
    Updated { fields: Vec<TaskField> },
    #[serde(rename = "task.completed")]
    Completed,
    /// An instance of a series is passed over.
    #[serde(rename = "task.skipped")]
    Skipped,
    #[serde(rename = "task.reopened")]
    Reopened,
    #[serde(rename = "task.deleted")]
    Deleted,
    #[serde(rename = "task.restored")]
    Restored,
    /// For good.
    #[serde(rename = "task.purged")]
    Purged,
    #[serde(rename = "task.commented")]
    Commented { comment: CommentId },
    #[serde(rename = "task.comment_edited")]
    CommentEdited { comment: CommentId },
    #[serde(rename = "task.comment_deleted")]
    CommentDeleted { comment: CommentId },
}

impl TaskEvent {
    /// The CloudEvents `type`.
    pub fn kind(&self) -> &'static str {
        match self {
            TaskEvent::Created => "task.created",
            TaskEvent::Updated { .. } => "task.updated",
            TaskEvent::Completed => "task.completed",
            TaskEvent::Skipped => "task.skipped",
            TaskEvent::Reopened => "task.reopened",
            TaskEvent::Deleted => "task.deleted",
            TaskEvent::Restored => "task.restored",
            TaskEvent::Purged => "task.purged",
            TaskEvent::Commented { .. } => "task.commented",
            TaskEvent::CommentEdited { .. } => "task.comment_edited",
            TaskEvent::CommentDeleted { .. } => "task.comment_deleted",
        }
    }

    /// The comment it is about, if it is about one.
    pub fn comment(&self) -> Option<CommentId> {
        match self {
            TaskEvent::Commented { comment }
            | TaskEvent::CommentEdited { comment }
            | TaskEvent::CommentDeleted { comment } => Some(*comment),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskField {
    Title,
    Notes,
    Priority,
    Tags,
    Due,
    Start,
    Estimate,
    Project,
    Parent,
    Position,
    BlockedBy,
    Reminders,
    Recurrence,
}

impl TaskField {
    pub fn name(self) -> &'static str {
        match self {
            TaskField::Title => "title",
            TaskField::Notes => "notes",
            TaskField::Priority => "priority",
            TaskField::Tags => "tags",
            TaskField::Due => "due",
            TaskField::Start => "start",
            TaskField::Estimate => "estimate",
            TaskField::Project => "project_id",
            TaskField::Parent => "parent_id",
            TaskField::Position => "position",
            TaskField::BlockedBy => "blocked_by",
            TaskField::Reminders => "reminders",
            TaskField::Recurrence => "recurrence",
        }
    }
}
