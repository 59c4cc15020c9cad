//! The last change a person made is undone, by another change. Undoing that does it again.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Blockers, Lifecycle, Priority, Refusal, SeriesLink, Status, Task, TaskEvent, Transition, edit::present,
};
use crate::{
    due::{Due, UserZone},
    estimate::Estimate,
    id::{ProjectId, TaskId},
    position::Position,
    reminder::Reminder,
    text::{Notes, Tags, Title},
};

/// The members that a change changed, as they were before. So it is never larger than a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Undo {
    /// When the change was made. If the task has changed at another time since, this is not about its last change.
    at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<Title>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notes: Option<Notes>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    priority: Option<Priority>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tags: Option<Tags>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    due: Option<Option<Due>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    start: Option<Option<NaiveDate>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    estimate: Option<Option<Estimate>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    project: Option<Option<ProjectId>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    parent: Option<Option<TaskId>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    position: Option<Option<Position>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blocked_by: Option<Blockers>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reminders: Option<Vec<Reminder>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    series: Option<Option<SeriesLink>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lifecycle: Option<Lifecycle>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    deleted_at: Option<Option<DateTime<Utc>>>,
}

impl Undo {
    fn of(before: &Task, after: &Task) -> Self {
        Undo {
            at: after.updated_at,
            title: differs(&before.title, &after.title),
            notes: differs(&before.notes, &after.notes),
            priority: differs(&before.priority, &after.priority),
            tags: differs(&before.tags, &after.tags),
            due: differs(&before.due, &after.due),
            start: differs(&before.start, &after.start),
            estimate: differs(&before.estimate, &after.estimate),
            project: differs(&before.project, &after.project),
            parent: differs(&before.parent, &after.parent),
            position: differs(&before.position, &after.position),
            blocked_by: differs(&before.blocked_by, &after.blocked_by),
            reminders: (asked(&before.reminders) != asked(&after.reminders))
                .then(|| before.reminders.clone()),
            series: differs(&touched(&before.series), &touched(&after.series)),
            lifecycle: differs(&before.lifecycle, &after.lifecycle),
            deleted_at: differs(&before.deleted_at, &after.deleted_at),
        }
    }

    /// Whether it is about when the task reminds.
    fn reminds(&self) -> bool {
        self.due.is_some()
            || self.reminders.is_some()
            || self.lifecycle.is_some()
            || self.deleted_at.is_some()
    }
}

impl Transition {
    /// For a change by a person: keeps what it takes to undo it.
    #[must_use]
    pub fn undoable(self, before: &Task) -> Self {
        match self {
            Transition::Changed { mut task, events } => {
                task.undo = Some(Box::new(Undo::of(before, &task)));
                Transition::Changed { task, events }
            }
            unchanged @ Transition::Unchanged(_) => unchanged,
        }
    }

    /// For a change that no person made: there is nothing to undo after it.
    #[must_use]
    pub fn for_good(self) -> Self {
        match self {
            Transition::Changed { mut task, events } => {
                task.undo = None;
                Transition::Changed { task, events }
            }
            unchanged @ Transition::Unchanged(_) => unchanged,
        }
    }
}

impl Task {
    /// Of its reminders what is still ahead is armed again; what passed meanwhile stays silent.
    pub fn undo(self, zone: UserZone, now: DateTime<Utc>) -> Result<Transition, Refusal> {
        let undo = match &self.undo {
            Some(undo) if undo.at == self.updated_at && !self.is_purged() => Undo::clone(undo),
            _ => return Err(Refusal::NothingToUndo),
        };
        let mut next = self.clone();
        let reminds = undo.reminds();
        next.put_back(undo, now);
        next.adopt(zone);
        if !next.is_live() {
            next.disarm_reminders();
        } else if reminds {
            next.revive_reminders(now);
        } else {
            next.schedule_reminders(now);
        }
        let undone_at = next.touch(now);
        if next.is_deleted() {
            // The trash keeps it from now on.
            next.deleted_at = Some(undone_at);
        }
        let event = match (self.is_deleted(), next.is_deleted(), self.status(), next.status()) {
            (true, false, ..) => TaskEvent::Restored,
            (false, true, ..) => TaskEvent::Deleted,
            (.., Status::Done, Status::Open) => TaskEvent::Reopened,
            (.., Status::Open, Status::Done) if next.is_skipped() => TaskEvent::Skipped,
            (.., Status::Open, Status::Done) => TaskEvent::Completed,
            _ => TaskEvent::Updated { fields: self.difference(&next) },
        };
        Ok(next.changed(event))
    }

    /// What could be undone before a change that is not a person's still can be after it.
    pub(super) fn keep_undo(&mut self, before: &Task) {
        if let Some(undo) = &mut self.undo
            && undo.at == before.updated_at
        {
            undo.at = self.updated_at;
        }
    }

    fn put_back(&mut self, undo: Undo, now: DateTime<Utc>) {
        put(&mut self.title, undo.title);
        put(&mut self.notes, undo.notes);
        put(&mut self.priority, undo.priority);
        put(&mut self.tags, undo.tags);
        put(&mut self.due, undo.due);
        put(&mut self.start, undo.start);
        put(&mut self.estimate, undo.estimate);
        put(&mut self.project, undo.project);
        put(&mut self.parent, undo.parent);
        put(&mut self.position, undo.position);
        put(&mut self.blocked_by, undo.blocked_by);
        put(&mut self.lifecycle, undo.lifecycle);
        put(&mut self.deleted_at, undo.deleted_at);
        if let Some(before) = undo.reminders {
            let known = std::mem::take(&mut self.reminders);
            let put_back = |before: Reminder| match known.iter().find(|known| known.id == before.id) {
                Some(known) => Reminder { trigger: before.trigger, ..known.clone() },
                None => Reminder { armed: false, ..before },
            };
            self.reminders = before.into_iter().map(put_back).collect();
        }
        if let Some(link) = undo.series {
            // For the series it is one more edit, and the latest.
            let edited_at = Some(now.max(self.updated_at + TimeDelta::microseconds(1)));
            self.series = link.map(|link| SeriesLink { edited_at, ..link });
        }
    }
}

/// What a person set, not when it fires.
fn asked(reminders: &[Reminder]) -> impl PartialEq + use<> {
    reminders.iter().map(|reminder| (reminder.id, reminder.trigger)).collect::<Vec<_>>()
}

/// Every change by a person touches.
fn touched(series: &Option<SeriesLink>) -> Option<SeriesLink> {
    series.clone().map(|link| SeriesLink { untouched: false, ..link })
}

fn differs<T: PartialEq + Clone>(before: &T, after: &T) -> Option<T> {
    (before != after).then(|| before.clone())
}

fn put<T>(member: &mut T, before: Option<T>) {
    if let Some(before) = before {
        *member = before;
    }
}
