//! Messages to the `Recurrence` actor; its id is the series'. And what its service asks of the backend.
//!
//! A series is a chain of tasks, its instances. Each that is closed has one entry in the ledger, which names
//! the next; ids follow from what they name, so doing it again makes nothing new.
//!
//! A message carries all that is needed to start the series from it, since events come in any order. An
//! older one than what is known, by the task's version, changes nothing.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, Utc};
use domain::{
    Due, Estimate, NewReminder, Notes, Planning, Position, Priority, ProjectId, Recurrence, Tags, Task,
    TaskId, Title, Trigger, UserId, UserZone,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{events::TaskChanged, message, reminder_schedule::Never};

/// The id of the series that a task is the first instance of.
pub fn series_id(first_task: Uuid) -> Uuid {
    Uuid::new_v5(&first_task, b"series")
}

/// The id of the instance that follows `predecessor`.
pub fn next_id(series: Uuid, predecessor: Uuid) -> Uuid {
    Uuid::new_v5(&series, predecessor.to_string().as_bytes())
}

/// An instance, as of a version of its task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    pub task_id: Uuid,
    /// The task's version with the change that is told.
    pub version: i64,
    pub owner: UserId,
    pub zone: UserZone,
    /// The time the rule names for it.
    pub occurrence: NaiveDateTime,
    /// As it stands in this instance.
    pub recurrence: Recurrence,
    /// When a person changed the series by this instance, if ever: the latest such change holds.
    #[serde(default)]
    pub edited_at: Option<DateTime<Utc>>,
    /// When the change that is told happened.
    pub at: DateTime<Utc>,
}

impl Instance {
    /// The series and the instance an event tells of, if its task belongs to one.
    pub fn of(event: TaskChanged) -> Option<(Uuid, Instance)> {
        let series = event.series?;
        let instance = Instance {
            task_id: event.task_id,
            version: event.version,
            owner: UserId(event.user_id),
            zone: series.zone,
            occurrence: series.occurrence,
            recurrence: series.recurrence,
            edited_at: series.edited_at,
            at: series.at,
        };
        Some((series.series_id, instance))
    }
}

/// What later instances are made like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Template {
    pub title: Title,
    #[serde(default)]
    pub notes: Notes,
    #[serde(default)]
    pub priority: Priority,
    #[serde(default)]
    pub tags: Tags,
    /// Those before the due time; one at an instant was for that instance.
    #[serde(default)]
    pub reminders: Vec<NewReminder>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<TaskId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// How many days before the day it is due it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_before: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
}

/// A part of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateField {
    Title,
    Notes,
    Priority,
    Tags,
    Reminders,
    Project,
    Parent,
    Position,
    StartsBefore,
    Estimate,
}

impl Template {
    /// What an instance passes on to those that follow it.
    pub fn of(task: &Task) -> Self {
        let carried = |trigger: &Trigger| matches!(trigger, Trigger::Before(_));
        let triggers = task.reminders().iter().map(|reminder| reminder.trigger).filter(carried);
        let days = |(start, due): (NaiveDate, &Due)| u32::try_from((due.day() - start).num_days()).ok();
        Self {
            title: task.title().clone(),
            notes: task.notes().clone(),
            priority: task.priority(),
            tags: task.tags().clone(),
            reminders: triggers.map(|trigger| NewReminder { id: None, trigger }).collect(),
            project: task.project(),
            parent: task.parent(),
            position: Some(task.position()),
            starts_before: task.start().zip(task.due()).and_then(days),
            estimate: task.estimate(),
        }
    }

    /// Where an instance belongs that is due then. What the one before waited for does not hold it up.
    pub fn planning(&self, due: &Due) -> Planning {
        let start = self.starts_before.and_then(|days| due.day().checked_sub_days(Days::new(days.into())));
        Planning {
            project: self.project,
            parent: self.parent,
            position: self.position.clone(),
            start,
            estimate: self.estimate,
            ..Planning::default()
        }
    }

    /// The parts in which another template differs.
    pub fn changes(&self, newer: &Self) -> Vec<TemplateField> {
        let changes = [
            (TemplateField::Title, self.title != newer.title),
            (TemplateField::Notes, self.notes != newer.notes),
            (TemplateField::Priority, self.priority != newer.priority),
            (TemplateField::Tags, self.tags != newer.tags),
            (TemplateField::Reminders, self.reminders != newer.reminders),
            (TemplateField::Project, self.project != newer.project),
            (TemplateField::Parent, self.parent != newer.parent),
            (TemplateField::Position, self.position != newer.position),
            (TemplateField::StartsBefore, self.starts_before != newer.starts_before),
            (TemplateField::Estimate, self.estimate != newer.estimate),
        ];
        changes.into_iter().filter_map(|(field, differs)| differs.then_some(field)).collect()
    }

    /// This one with some parts of a newer one.
    #[must_use]
    pub fn with(mut self, newer: &Self, fields: &[TemplateField]) -> Self {
        for field in fields {
            match field {
                TemplateField::Title => self.title = newer.title.clone(),
                TemplateField::Notes => self.notes = newer.notes.clone(),
                TemplateField::Priority => self.priority = newer.priority,
                TemplateField::Tags => self.tags = newer.tags.clone(),
                TemplateField::Reminders => self.reminders = newer.reminders.clone(),
                TemplateField::Project => self.project = newer.project,
                TemplateField::Parent => self.parent = newer.parent,
                TemplateField::Position => self.position = newer.position.clone(),
                TemplateField::StartsBefore => self.starts_before = newer.starts_before,
                TemplateField::Estimate => self.estimate = newer.estimate,
            }
        }
        self
    }
}

/// The first instance came to be, or a task became one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StartSeries {
    pub instance: Instance,
    pub template: Template,
}

/// An instance is done with: there is to be a next one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstanceClosed {
    pub instance: Instance,
    pub how: Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closed {
    Completed,
    Skipped,
    /// Its successor's time came while it was open, in a series that keeps each.
    Missed,
}

/// An instance is open again: its successor is withdrawn if nobody touched it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstanceReopened {
    pub instance: Instance,
}

/// An instance went to the trash, where it is not missed, or came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstanceTrashed {
    pub instance: Instance,
    pub trashed: bool,
}

/// From this instance on the series follows `instance.recurrence` and makes instances like the template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EditSeries {
    /// Its `edited_at` is the time of this edit.
    pub instance: Instance,
    /// What this instance is like now; `None`: as before.
    #[serde(default)]
    pub template: Option<Template>,
    /// What of it this edit changed: what was changed for this instance alone stays with it. A
    /// series that has no template yet takes it whole.
    #[serde(default)]
    pub changed: Vec<TemplateField>,
    /// COUNT counts from this instance, not from the first.
    #[serde(default)]
    pub anew: bool,
}

/// One instance has another time than the rule names; the rest stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MoveInstance {
    pub instance: Instance,
    pub to: NaiveDateTime,
}

/// This instance is the last; a successor it already has is withdrawn if nobody touched it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndSeries {
    /// Its `edited_at` is the time of this end; its recurrence need not say so.
    pub instance: Instance,
}

/// Makes the instances whose time came while the one before was open, in a series that keeps each. May
/// be sent any number of times, also to a series that does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckMissed;

/// Reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetSeries;

/// What follows the instance a message tells of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Follows {
    /// Planned; its task exists a little later. `None` while the instance is open, and when it is the last.
    pub next: Option<Next>,
}

/// An instance as the ledger names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Next {
    pub task_id: Uuid,
    pub occurrence: NaiveDateTime,
    pub due: Due,
}

/// What a check did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissedChecked {
    /// How many instances it planned.
    pub planned: u32,
}

/// A series as of a committed version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesSnapshot {
    pub version: i64,
    pub owner: UserId,
    pub zone: UserZone,
    pub recurrence: Recurrence,
    pub template: Option<Template>,
    /// The latest instances, oldest first.
    pub instances: Vec<KnownInstance>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownInstance {
    pub task_id: Uuid,
    pub occurrence: NaiveDateTime,
    /// `None` while it is open.
    pub closed: Option<Closed>,
    pub next: Option<Next>,
}

message!(StartSeries => "Recurrence" / "start", Follows, Never);
message!(InstanceClosed => "Recurrence" / "closed", Follows, Never);
message!(InstanceReopened => "Recurrence" / "reopened", Follows, Never);
message!(InstanceTrashed => "Recurrence" / "trashed", Follows, Never);
message!(EditSeries => "Recurrence" / "edit", Follows, Never);
message!(MoveInstance => "Recurrence" / "move", Follows, Never);
message!(EndSeries => "Recurrence" / "end", Follows, Never);
message!(CheckMissed => "Recurrence" / "check_missed", MissedChecked, Never);
message!(GetSeries => "Recurrence" / "get", Option<SeriesSnapshot>, Never);

/// Where the worker of the series' service asks the backend for instances: `POST` makes one, and
/// `DELETE …/{next_id}` withdraws one. Only what the ledger says is done.
pub const INSTANCES_PATH: &str = "/internal/v1/recurring/instances";

/// The body of the `POST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MakeInstance {
    pub series_id: Uuid,
    pub predecessor: Uuid,
    pub next_id: Uuid,
}

/// The answer, with 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum InstanceAnswer {
    /// Its task exists and is not in the trash.
    Created,
    /// Its task does not exist or lies in the trash.
    Withdrawn,
    /// Somebody touched it, so it stays.
    Kept,
    /// The ledger does not ask for that.
    NotPlanned,
}
