//! The `data` of the CloudEvents on Almanac's topics. Consumers decide by version and id, never by order.
//!
//! Each has a `SCHEMA`, the `dataschema` of its events. The version at its end is raised only by a change that an
//! older subscriber must not read.

use chrono::{DateTime, NaiveDateTime, Utc};
use domain::{Recurrence, Role, UserZone};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Everything that happens to a task: `task.created`, `task.updated`, `task.completed`,
/// `task.skipped`, `task.reopened`, `task.deleted`, `task.restored`, `task.purged`, `task.commented`,
/// `task.comment_edited`, `task.comment_deleted`.
pub const TASK_EVENTS: &str = "task-events";
/// Reminders that have come due: `reminder.due`.
pub const REMINDERS: &str = "reminders";
/// What belongs into the history but drives nothing: `reminder.fired`, `notification.delivered`…
pub const AUDIT_LOGS: &str = "audit-logs";

/// The `data` of events on [`TASK_EVENTS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskChanged {
    pub task_id: Uuid,
    pub user_id: Uuid,
    /// The task's version with this change.
    pub version: i64,
    pub title: String,
    /// The person who did it, if it was a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Uuid>,
    /// The comment it is about. What it says is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment_id: Option<Uuid>,
    /// The project it was in until this change, when it is there no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_project_id: Option<Uuid>,
    /// The names of the fields an update changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// Of a task that recurs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<SeriesEvent>,
}

impl TaskChanged {
    pub const SCHEMA: &'static str = "urn:almanac:task-changed:1";
}

/// The series of a task as it stands in the task; enough to start the series from the event alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesEvent {
    pub series_id: Uuid,
    /// The time the rule names for this task.
    pub occurrence: NaiveDateTime,
    pub recurrence: Recurrence,
    /// When a person changed the series by this task, if ever.
    #[serde(default)]
    pub edited_at: Option<DateTime<Utc>>,
    /// The owner's, as last seen.
    pub zone: UserZone,
    /// When the change happened; of `task.completed` the time of completion.
    pub at: DateTime<Utc>,
}

/// The `data` of `reminder.due` on [`REMINDERS`], and of `reminder.fired` on [`AUDIT_LOGS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReminderDue {
    pub reminder_id: Uuid,
    /// Which firing of the reminder it is; raised by whatever moves or re-arms it.
    pub generation: i32,
    pub task_id: Uuid,
    pub user_id: Uuid,
    pub title: String,
    /// The instant planned.
    pub due_at: DateTime<Utc>,
    /// The instant it fired, by the database's clock.
    pub fired_at: DateTime<Utc>,
    /// `fired_at - due_at` in milliseconds.
    pub late_ms: i64,
}

impl ReminderDue {
    pub const SCHEMA: &'static str = "urn:almanac:reminder-due:1";
}

/// The `data` of `notification.delivered`, `notification.superseded` and `notification.failed` on [`AUDIT_LOGS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeliveryOutcome {
    pub delivery_id: Uuid,
    pub notification_id: Uuid,
    pub reminder_id: Uuid,
    pub generation: i32,
    pub task_id: Uuid,
    pub user_id: Uuid,
    /// `in_app` or `email`.
    pub channel: String,
    pub attempts: i32,
}

impl DeliveryOutcome {
    pub const SCHEMA: &'static str = "urn:almanac:delivery-outcome:1";
}

/// The `data` of `recurrence.instance_created`, `recurrence.instance_withdrawn`, `recurrence.instance_kept`
/// and `recurrence.over` on [`AUDIT_LOGS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesOutcome {
    pub series_id: Uuid,
    /// The instance that was closed or reopened.
    pub task_id: Uuid,
    pub user_id: Uuid,
    /// The one that follows it; none when the series is over.
    #[serde(default)]
    pub next_id: Option<Uuid>,
    #[serde(default)]
    pub occurrence: Option<NaiveDateTime>,
}

impl SeriesOutcome {
    pub const SCHEMA: &'static str = "urn:almanac:series-outcome:1";
}

/// The `data` of `project.…` events on [`AUDIT_LOGS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProjectChanged {
    pub project_id: Uuid,
    /// Who did it.
    pub user_id: Uuid,
    /// The project's version with this change.
    pub version: i64,
    /// The names of the fields an update changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// Whom it is about, when that is somebody who shares the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_id: Option<Uuid>,
    /// What they are from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

impl ProjectChanged {
    pub const SCHEMA: &'static str = "urn:almanac:project-changed:1";
}
