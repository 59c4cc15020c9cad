//! A task is changed by a JSON merge patch (RFC 7396).

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Deserializer, Serialize};

use super::{AskedRecurrence, Blockers, Priority, Refusal, Scope, Task, TaskEvent, TaskField, Transition};
use crate::{
    due::{Due, UserZone},
    estimate::Estimate,
    id::{ProjectId, TaskId},
    position::Position,
    reminder::NewReminder,
    text::{Notes, Tags, Title},
    violation::Violations,
};

/// What is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Title>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<Notes>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Tags>,
    /// `Some(None)`, in JSON `null`, takes the due time away.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub due: Option<Option<Due>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub start: Option<Option<NaiveDate>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub estimate: Option<Option<Estimate>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub project: Option<Option<ProjectId>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub parent: Option<Option<TaskId>>,
    /// `Some(None)`, in JSON `null`, sends it to the end.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub position: Option<Option<Position>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked_by: Option<Blockers>,
    /// The whole list. An entry with the id of a reminder stays that reminder, and so does one without id
    /// that has the same trigger; the rest are new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminders: Option<Vec<NewReminder>>,
    /// `Some(None)`, in JSON `null`, makes it recur no more.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub recurrence: Option<Option<AskedRecurrence>>,
    /// Of a task that recurs, which instances this is about.
    #[serde(default, skip_serializing_if = "Scope::is_default")]
    pub scope: Scope,
}

/// Tells `null` from absent: serde calls this only when the member is there.
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Task {
    /// A done task may be edited; its reminders move but stay disarmed.
    ///
    /// A `zone` newer than the one last seen moves what depends on it; by itself it is no change of the task.
    pub fn edit(self, patch: TaskPatch, zone: UserZone, now: DateTime<Utc>) -> Result<Transition, Refusal> {
        if self.is_deleted() {
            return Err(Refusal::Deleted);
        }
        let mut next = self.clone();
        // Of a patch that says nothing, no instance takes note.
        let scope = if patch.is_empty() { Scope::This } else { patch.scope };
        let mut found: Vec<_> = patch.due.flatten().and_then(|due| due.check().err()).into_iter().collect();

        set(&mut next.title, patch.title);
        set(&mut next.notes, patch.notes);
        set(&mut next.priority, patch.priority);
        set(&mut next.tags, patch.tags);
        set(&mut next.due, patch.due);
        set(&mut next.start, patch.start);
        set(&mut next.estimate, patch.estimate);
        set(&mut next.project, patch.project);
        set(&mut next.parent, patch.parent);
        if let Some(position) = patch.position {
            next.position = Some(position.unwrap_or_else(|| Position::last(now)));
        }
        set(&mut next.blocked_by, patch.blocked_by);
        found.extend(next.check_plan());
        if let Some(reminders) = patch.reminders {
            found.extend(next.replace_reminders(reminders));
        }
        found.extend(next.edit_series(&self, patch.recurrence, scope, now).err().into_iter().flatten());
        Violations::check(found).map_err(Refusal::Invalid)?;
        next.adopt(zone);
        next.schedule_reminders(now);

        let fields = self.difference(&next);
        if fields.is_empty() {
            return Ok(Transition::Unchanged(self));
        }
        next.touch(now);
        Ok(Transition::Changed { task: next, events: vec![TaskEvent::Updated { fields }] })
    }

    /// The owner's zone has changed, which is no edit by a person: an untouched instance stays one, and what the
    /// person did last can still be undone.
    pub fn follow_zone(self, zone: UserZone, now: DateTime<Utc>) -> Result<Transition, Refusal> {
        let before = self.clone();
        let mut transition = self.edit(TaskPatch::default(), zone, now)?;
        if let Transition::Changed { task, .. } = &mut transition {
            task.set_untouched(before.is_untouched());
            task.keep_undo(&before);
        }
        Ok(transition)
    }

    pub(super) fn difference(&self, next: &Task) -> Vec<TaskField> {
        [
            (TaskField::Title, self.title != next.title),
            (TaskField::Notes, self.notes != next.notes),
            (TaskField::Priority, self.priority != next.priority),
            (TaskField::Tags, self.tags != next.tags),
            (TaskField::Due, self.due != next.due),
            (TaskField::Start, self.start != next.start),
            (TaskField::Estimate, self.estimate != next.estimate),
            (TaskField::Project, self.project != next.project),
            (TaskField::Parent, self.parent != next.parent),
            (TaskField::Position, self.position() != next.position()),
            (TaskField::BlockedBy, self.blocked_by != next.blocked_by),
            (TaskField::Reminders, self.reminders != next.reminders),
            (TaskField::Recurrence, self.series != next.series),
        ]
        .into_iter()
        .filter_map(|(field, differs)| differs.then_some(field))
        .collect()
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
