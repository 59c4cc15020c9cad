//! What the trash means for subtasks, and how a task is deleted for good.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Blockers, Lifecycle, Priority, Refusal, Task, TaskEvent, TaskField, Transition};
use crate::{
    due::UserZone,
    id::ProjectId,
    text::{Notes, Tags, Title},
    wall_clock::Zone,
};

/// What has become of a task, as its subtasks are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParentIs {
    There,
    /// In the trash.
    Trashed,
    /// Deleted for good.
    Gone,
}

impl Task {
    /// As its subtasks are told.
    pub fn as_parent(&self) -> ParentIs {
        match (self.purged_at, self.deleted_at) {
            (Some(_), _) => ParentIs::Gone,
            (None, Some(_)) => ParentIs::Trashed,
            (None, None) => ParentIs::There,
        }
    }

    /// Deleted for good: only its id, its owner and the times are left.
    pub fn is_purged(&self) -> bool {
        self.purged_at.is_some()
    }

    /// A subtask goes where its parent goes: to another project, to the trash, and back if it went along.
    pub fn follow(
        self,
        parent: ParentIs,
        project: Option<ProjectId>,
        zone: UserZone,
        now: DateTime<Utc>,
    ) -> Result<Transition, Refusal> {
        let untouched = self.is_untouched();
        let (mut task, mut events) = match parent {
            ParentIs::There if self.trashed_along => self.restore(zone, now)?.into_parts(),
            ParentIs::Trashed if !self.is_deleted() => {
                let (mut task, events) = self.delete(now)?.into_parts();
                task.trashed_along = true;
                (task, events)
            }
            ParentIs::Gone if self.trashed_along => return Ok(self.purge(now)),
            // One that is not in the trash yet was not told in time that its parent was. It still goes there, not
            // for good, and is on its own from now on like one that had been there before.
            ParentIs::Gone => {
                let (mut task, mut events) = self.delete(now)?.into_parts();
                task.parent = None;
                task.touch(now);
                events.push(TaskEvent::Updated { fields: vec![TaskField::Parent] });
                (task, events)
            }
            _ => (self, Vec::new()),
        };
        if parent != ParentIs::Gone && task.project != project {
            task.project = project;
            task.touch(now);
            events.push(TaskEvent::Updated { fields: vec![TaskField::Project] });
        }
        if events.is_empty() {
            return Ok(Transition::Unchanged(task));
        }
        // It was not a person who did this.
        task.set_untouched(untouched);
        Ok(Transition::Changed { task, events })
    }

    /// A task goes to the trash with its project, and comes back with it if it went along.
    pub fn follow_project(
        self,
        deleted: bool,
        zone: Option<UserZone>,
        now: DateTime<Utc>,
    ) -> Result<Transition, Refusal> {
        let (untouched, zone) = (self.is_untouched(), zone.unwrap_or(self.zone));
        let (mut task, events) = match deleted {
            true if !self.is_deleted() => {
                let (mut task, events) = self.delete(now)?.into_parts();
                task.trashed_with_project = true;
                (task, events)
            }
            false if self.trashed_with_project => self.restore(zone, now)?.into_parts(),
            _ => return Ok(Transition::Unchanged(self)),
        };
        // It was not a person who did this.
        task.set_untouched(untouched);
        Ok(Transition::Changed { task, events })
    }

    /// Out of the trash, for good. What is left makes sure that nothing revives it.
    pub fn purge(self, now: DateTime<Utc>) -> Transition {
        if !self.is_deleted() || self.is_purged() {
            return Transition::Unchanged(self);
        }
        let purged_at = self.updated_at.max(now);
        let Task { id, owner, next_reminder, deleted_at, created_at, .. } = self;
        let task = Task {
            id,
            owner,
            title: Title::of_purged(),
            notes: Notes::default(),
            priority: Priority::default(),
            tags: Tags::default(),
            due: None,
            start: None,
            estimate: None,
            project: None,
            parent: None,
            position: None,
            blocked_by: Blockers::default(),
            reminders: Vec::new(),
            next_reminder,
            zone: UserZone::new(Zone::UTC, 0),
            lifecycle: Lifecycle::Open,
            deleted_at,
            trashed_along: false,
            trashed_with_project: false,
            purged_at: Some(purged_at),
            undo: None,
            series: None,
            comments: Vec::new(),
            created_at,
            updated_at: purged_at,
        };
        task.changed(TaskEvent::Purged)
    }

    /// Each id one of its reminders ever had.
    pub fn past_reminders(&self) -> impl Iterator<Item = crate::id::ReminderId> {
        let id = self.id;
        (1..self.next_reminder).map(move |n| crate::id::ReminderId::nth(id, n))
    }
}
