//! Messages to the `Task` actor; its id is the task's.

use chrono::{DateTime, Utc};
use domain::{
    CommentId, CommentText, Due, NewReminder, NewSeries, NewTask, Notes, ParentIs, Planning, Priority,
    ProjectId, Tags, Task, TaskId, TaskPatch, Title, UserId, UserZone, Violations,
};
use serde::{Deserialize, Serialize};

use crate::message;

/// Creates the task this actor is. Under an idempotency key the id is made of user and key, so a
/// retry reaches the same actor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreateTask {
    pub owner: UserId,
    pub title: Title,
    #[serde(default)]
    pub notes: Notes,
    #[serde(default)]
    pub priority: Priority,
    #[serde(default)]
    pub tags: Tags,
    #[serde(default)]
    pub due: Option<Due>,
    #[serde(flatten)]
    pub planning: Planning,
    #[serde(default)]
    pub reminders: Vec<NewReminder>,
    pub zone: UserZone,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<NewSeries>,
}

impl CreateTask {
    /// What is to become the task of this id.
    pub fn new_task(self, id: TaskId) -> NewTask {
        let Self { owner, title, notes, priority, tags, due, planning, reminders, zone, series } = self;
        NewTask { id, owner, title, notes, priority, tags, due, planning, reminders, zone, series }
    }
}

/// Changes some fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EditTask {
    pub user: UserId,
    /// The project in which the sender found the person to be an editor; of their own task, none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<ProjectId>,
    #[serde(default)]
    pub if_version: Option<i64>,
    pub zone: UserZone,
    pub patch: TaskPatch,
}

/// Marks it done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompleteTask {
    pub user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<ProjectId>,
    #[serde(default)]
    pub if_version: Option<i64>,
}

/// Passes over an instance of a series: the next one comes without its being done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SkipTask {
    pub user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<ProjectId>,
    #[serde(default)]
    pub if_version: Option<i64>,
}

/// Makes an instance the last of its series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndRecurrence {
    pub user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<ProjectId>,
    #[serde(default)]
    pub if_version: Option<i64>,
}

/// Puts an instance in the trash that its series made and nobody has touched. One that somebody has is
/// answered as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WithdrawInstance {
    pub user: UserId,
}

/// Takes an instance out of the trash for its series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RestoreInstance {
    pub user: UserId,
    pub zone: UserZone,
}

/// Makes a done task open again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReopenTask {
    pub user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<ProjectId>,
    #[serde(default)]
    pub if_version: Option<i64>,
    pub zone: UserZone,
}

/// Puts it in the trash, from where it can be restored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeleteTask {
    pub user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<ProjectId>,
    #[serde(default)]
    pub if_version: Option<i64>,
}

/// Takes it out of the trash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RestoreTask {
    pub user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<ProjectId>,
    #[serde(default)]
    pub if_version: Option<i64>,
    pub zone: UserZone,
}

/// Undoes the last change by a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UndoTask {
    pub user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<ProjectId>,
    #[serde(default)]
    pub if_version: Option<i64>,
    pub zone: UserZone,
}

/// Deletes it for good, if it is in the trash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PurgeTask {
    pub user: UserId,
    /// Only if it has lain there since before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trashed_before: Option<DateTime<Utc>>,
}

/// Tells a task that its owner's zone is another now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FollowZone {
    pub user: UserId,
    pub zone: UserZone,
}

/// Tells a subtask what its parent is like now. One that is a subtask of another by then does not mind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FollowParent {
    pub parent: TaskId,
    pub is: ParentIs,
    #[serde(default)]
    pub project: Option<ProjectId>,
    /// Of the subtask's owner.
    pub zone: UserZone,
}

/// Tells a task whether its project is in the trash. Why, it looks up itself, in the commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FollowProject {
    pub project: ProjectId,
    pub deleted: bool,
    /// Of the task's owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<UserZone>,
}

/// Says something on it. Whoever sees a task may, so `via` is a project in which the person is anything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddComment {
    pub user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<ProjectId>,
    pub id: CommentId,
    pub text: CommentText,
}

/// Says it differently; for its author.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EditComment {
    pub user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<ProjectId>,
    pub id: CommentId,
    pub text: CommentText,
}

/// Takes a comment away; for its author, the task's owner and the project's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeleteComment {
    pub user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<ProjectId>,
    /// The sender found that the person owns the project.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub moderates: bool,
    pub id: CommentId,
}

/// A comment as of a committed version of its task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommentSnapshot {
    pub version: i64,
    pub id: CommentId,
    pub author: UserId,
    /// None once it was deleted.
    #[serde(default)]
    pub text: Option<CommentText>,
    pub created_at: DateTime<Utc>,
    #[serde(default)]
    pub edited_at: Option<DateTime<Utc>>,
}

/// Reads it, through its actor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GetTask {
    pub user: UserId,
}

/// A task as of a committed version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskSnapshot {
    pub version: i64,
    pub task: Task,
}

/// Why a command on a task was refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum TaskRefusal {
    /// There is no such task, or it belongs to somebody else: the two look the same.
    NotFound,
    /// It is in the trash.
    Deleted,
    /// `if_version` was given and is not the current version.
    VersionMismatch { current: i64 },
    /// Its last change was made by nobody, or it has none.
    NothingToUndo,
    /// There is no such comment on it.
    NoSuchComment,
    /// The comment is somebody else's.
    NotTheAuthor,
    /// The values break rules.
    Invalid { violations: Violations },
}

message!(CreateTask => "Task" / "create", TaskSnapshot, TaskRefusal);
message!(EditTask => "Task" / "edit", TaskSnapshot, TaskRefusal);
message!(CompleteTask => "Task" / "complete", TaskSnapshot, TaskRefusal);
message!(SkipTask => "Task" / "skip", TaskSnapshot, TaskRefusal);
message!(EndRecurrence => "Task" / "end_recurrence", TaskSnapshot, TaskRefusal);
message!(WithdrawInstance => "Task" / "withdraw_instance", TaskSnapshot, TaskRefusal);
message!(RestoreInstance => "Task" / "restore_instance", TaskSnapshot, TaskRefusal);
message!(ReopenTask => "Task" / "reopen", TaskSnapshot, TaskRefusal);
message!(DeleteTask => "Task" / "delete", TaskSnapshot, TaskRefusal);
message!(RestoreTask => "Task" / "restore", TaskSnapshot, TaskRefusal);
message!(UndoTask => "Task" / "undo", TaskSnapshot, TaskRefusal);
message!(PurgeTask => "Task" / "purge", TaskSnapshot, TaskRefusal);
message!(FollowZone => "Task" / "follow_zone", TaskSnapshot, TaskRefusal);
message!(FollowParent => "Task" / "follow_parent", TaskSnapshot, TaskRefusal);
message!(GetTask => "Task" / "get", TaskSnapshot, TaskRefusal);
message!(FollowProject => "Task" / "follow_project", TaskSnapshot, TaskRefusal);
message!(AddComment => "Task" / "add_comment", CommentSnapshot, TaskRefusal);
message!(EditComment => "Task" / "edit_comment", CommentSnapshot, TaskRefusal);
message!(DeleteComment => "Task" / "delete_comment", CommentSnapshot, TaskRefusal);
