//! The rules of tasks and reminders, pure: no I/O, no clock, no random numbers; `now` and ids are arguments.
//!
//! What a person sends is parsed into types that are valid from then on. A transition consumes a task and
//! gives the next one with the events that tell of the change; the caller commits both, and puts
//! [`Task::pending_rows`] into the reminder clock's table.
//!
//! ```
//! use domain::{Due, Lead, NewReminder, NewTask, Task, TaskId, Title, Transition, Trigger, UserId, UserZone, Zone};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (task_id, user_id) = (TaskId(uuid::Uuid::from_u128(1)), UserId(uuid::Uuid::from_u128(2)));
//! let now = "2026-12-01T06:00:00Z".parse()?;
//! let berlin = UserZone::new(Zone::parse("Europe/Berlin")?, 1);
//!
//! let created = Task::create(
//!     NewTask {
//!         id: task_id,
//!         owner: user_id,
//!         title: Title::parse("Water the plants")?,
//!         notes: Default::default(),
//!         priority: Default::default(),
//!         tags: Default::default(),
//!         planning: Default::default(),
//!         due: Some(Due::parse(None, Some("2026-12-01T09:00:00"), Some("Europe/Berlin"))?),
//!         reminders: vec![NewReminder { id: None, trigger: Trigger::Before(Lead::parse("PT10M")?) }],
//!         zone: berlin,
//!         series: None,
//!     },
//!     now,
//! )?;
//! assert_eq!(created.events[0].kind(), "task.created");
//! let rows = created.task.pending_rows();
//! assert_eq!(rows[0].fires_at.to_rfc3339(), "2026-12-01T07:50:00+00:00");
//!
//! // Completing withdraws the reminder; completing again changes nothing, so there is nothing to tell.
//! let Transition::Changed { task, events } = created.task.complete(now)? else { panic!("it was open") };
//! assert_eq!(events[0].kind(), "task.completed");
//! assert!(task.pending_rows().is_empty());
//! assert!(matches!(task.complete(now)?, Transition::Unchanged(_)));
//! # Ok(())
//! # }
//! ```

mod due;
mod estimate;
mod id;
mod lead;
mod position;
mod project;
pub mod quick_add;
mod recurrence;
mod reminder;
mod task;
mod text;
mod violation;
pub mod wall_clock;

pub use due::{Due, UserZone, parse_date};
pub use estimate::Estimate;
pub use id::{CommentId, ProjectId, ReminderId, SeriesId, TaskId, UserId};
pub use lead::Lead;
pub use position::Position;
pub use project::{
    Colour, Member, MemberRole, NewProject, Project, ProjectChange, ProjectEvent, ProjectField, ProjectPatch,
    Role,
};
pub use recurrence::{CountedFrom, Freq, Missed, NewRecurrence, Occurrence, Preview, Recurrence, Rule};
pub use reminder::{NewReminder, Reminder, ReminderRow, Trigger};
pub use task::{
    AskedRecurrence, Blockers, Changed, Comment, Lifecycle, NewSeries, NewTask, ParentIs, Planning, Priority,
    Refusal, Scope, SeriesChange, SeriesLink, Status, Task, TaskEvent, TaskField, TaskPatch, Transition,
};
pub use text::{CommentText, Notes, ProjectName, Tag, Tags, Title};
pub use violation::{Violation, Violations};
pub use wall_clock::Zone;
