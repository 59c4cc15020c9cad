//! A task and its rules. Transitions consume the task and give the next one with the events that tell of it.
//!
//! `create`, `edit` and `lifecycle` hold the transitions, `reminders` what happens to a task's reminders,
//! `relations` what it has to do with others, `trash`, `comments` and `undo` what their names say;
//! `series` and `series_change` what a task has to do with the others of its series.

mod comments;
mod create;
pub(crate) mod edit;
mod event;
mod lifecycle;
mod relations;
mod reminders;
mod series;
mod series_change;
mod trash;
mod undo;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

pub use self::{
    comments::Comment,
    create::NewTask,
    edit::TaskPatch,
    event::{TaskEvent, TaskField},
    relations::{Blockers, Planning},
    series::{AskedRecurrence, NewSeries, Scope, SeriesLink},
    series_change::SeriesChange,
    trash::ParentIs,
};
use crate::{
    due::{Due, UserZone},
    estimate::Estimate,
    id::{ProjectId, TaskId, UserId},
    position::Position,
    reminder::Reminder,
    text::{Notes, Tags, Title},
    violation::Violations,
};

/// Also the stored state: members are only ever added, each new one with a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    id: TaskId,
    owner: UserId,
    title: Title,
    #[serde(default)]
    notes: Notes,
    #[serde(default)]
    priority: Priority,
    #[serde(default)]
    tags: Tags,
    #[serde(default)]
    due: Option<Due>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<NaiveDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    estimate: Option<Estimate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project: Option<ProjectId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<TaskId>,
    /// Of a task from before there were positions, none: see [`Task::position`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    position: Option<Position>,
    #[serde(default, skip_serializing_if = "Blockers::is_empty")]
    blocked_by: Blockers,
    #[serde(default)]
    reminders: Vec<Reminder>,
    /// The number the next new reminder's id is made of.
    next_reminder: u32,
    /// The owner's zone as last seen, by which the reminders were computed.
    zone: UserZone,
    #[serde(default)]
    lifecycle: Lifecycle,
    #[serde(default)]
    deleted_at: Option<DateTime<Utc>>,
    /// It went to the trash along with its parent, and comes back with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    trashed_along: bool,
    /// The same with its project.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    trashed_with_project: bool,
    /// Deleted for good. It is in the trash, too, for versions that know no better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purged_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    undo: Option<Box<undo::Undo>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    series: Option<SeriesLink>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    comments: Vec<Comment>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    #[default]
    None,
    Low,
    Medium,
    High,
    Urgent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Open,
    Done,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Lifecycle {
    #[default]
    Open,
    Done {
        completed_at: DateTime<Utc>,
        /// An instance of a series that was passed over, not done.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        skipped: bool,
    },
}

/// A task that changed, and what to tell of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    pub task: Task,
    pub events: Vec<TaskEvent>,
}

/// What a command did to a task. Asking again for what is already so is `Unchanged`, not an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    Unchanged(Task),
    Changed { task: Task, events: Vec<TaskEvent> },
}

impl Transition {
    pub fn task(&self) -> &Task {
        match self {
            Transition::Unchanged(task) | Transition::Changed { task, .. } => task,
        }
    }

    /// The task, and its events if it changed.
    pub fn into_parts(self) -> (Task, Vec<TaskEvent>) {
        match self {
            Transition::Unchanged(task) => (task, Vec::new()),
            Transition::Changed { task, events } => (task, events),
        }
    }
}

impl From<Changed> for Transition {
    fn from(Changed { task, events }: Changed) -> Self {
        Transition::Changed { task, events }
    }
}

/// Why a command cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the task is deleted")]
    Deleted,
    #[error("there is nothing to undo")]
    NothingToUndo,
    #[error(transparent)]
    Invalid(#[from] Violations),
}

impl Task {
    pub fn id(&self) -> TaskId {
        self.id
    }

    pub fn owner(&self) -> UserId {
        self.owner
    }

    pub fn title(&self) -> &Title {
        &self.title
    }

    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    pub fn priority(&self) -> Priority {
        self.priority
    }

    pub fn tags(&self) -> &Tags {
        &self.tags
    }

    pub fn due(&self) -> Option<&Due> {
        self.due.as_ref()
    }

    /// The instant it falls due, by the owner's zone as last seen.
    pub fn due_instant(&self) -> Option<DateTime<Utc>> {
        self.due.map(|due| due.instant(&self.zone))
    }

    /// When a person wants to begin with it.
    pub fn start(&self) -> Option<NaiveDate> {
        self.start
    }

    pub fn estimate(&self) -> Option<Estimate> {
        self.estimate
    }

    pub fn project(&self) -> Option<ProjectId> {
        self.project
    }

    /// The task it is a subtask of.
    pub fn parent(&self) -> Option<TaskId> {
        self.parent
    }

    /// Where it stands among others; until it is placed, by when it was created.
    pub fn position(&self) -> Position {
        self.position.clone().unwrap_or_else(|| Position::last(self.created_at))
    }

    /// The tasks to be done before it.
    pub fn blocked_by(&self) -> &Blockers {
        &self.blocked_by
    }

    pub fn reminders(&self) -> &[Reminder] {
        &self.reminders
    }

    pub fn zone(&self) -> &UserZone {
        &self.zone
    }

    pub fn lifecycle(&self) -> Lifecycle {
        self.lifecycle
    }

    pub fn status(&self) -> Status {
        match self.lifecycle {
            Lifecycle::Open => Status::Open,
            Lifecycle::Done { .. } => Status::Done,
        }
    }

    pub fn completed_at(&self) -> Option<DateTime<Utc>> {
        match self.lifecycle {
            Lifecycle::Open => None,
            Lifecycle::Done { completed_at, .. } => Some(completed_at),
        }
    }

    pub fn is_skipped(&self) -> bool {
        matches!(self.lifecycle, Lifecycle::Done { skipped: true, .. })
    }

    pub fn deleted_at(&self) -> Option<DateTime<Utc>> {
        self.deleted_at
    }

    pub fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    pub fn created_at(&self) -> DateTime<Utc> {
        self.created_at
    }

    pub fn updated_at(&self) -> DateTime<Utc> {
        self.updated_at
    }

    /// Stamps a change. Another host's clock may be behind the one that made the last change.
    fn touch(&mut self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.updated_at = self.updated_at.max(now);
        self.set_untouched(false);
        self.updated_at
    }
}
