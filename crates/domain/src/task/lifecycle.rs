//! A task is completed, reopened, deleted and restored.

use chrono::{DateTime, Utc};

use super::{Lifecycle, Refusal, Status, Task, TaskEvent, Transition};
use crate::due::UserZone;

impl Task {
    pub fn complete(mut self, now: DateTime<Utc>) -> Result<Transition, Refusal> {
        if self.is_deleted() {
            return Err(Refusal::Deleted);
        }
        if self.status() == Status::Done {
            return Ok(Transition::Unchanged(self));
        }
        self.close(false, now);
        Ok(self.changed(TaskEvent::Completed))
    }

    pub(super) fn close(&mut self, skipped: bool, now: DateTime<Utc>) {
        let completed_at = self.touch(now);
        self.lifecycle = Lifecycle::Done { completed_at, skipped };
        self.disarm_reminders();
    }

    /// Arms again what is still ahead; what passed while the task was done stays silent.
    pub fn reopen(mut self, zone: UserZone, now: DateTime<Utc>) -> Result<Transition, Refusal> {
        if self.is_deleted() {
            return Err(Refusal::Deleted);
        }
        if self.status() == Status::Open {
            return Ok(Transition::Unchanged(self));
        }
        self.touch(now);
        self.lifecycle = Lifecycle::Open;
        self.adopt(zone);
        self.rearm_reminders(now);
        Ok(self.changed(TaskEvent::Reopened))
    }

    /// Soft: [`Task::restore`] brings it back.
    pub fn delete(mut self, now: DateTime<Utc>) -> Result<Transition, Refusal> {
        if self.is_deleted() {
            return Ok(Transition::Unchanged(self));
        }
        self.deleted_at = Some(self.touch(now));
        self.disarm_reminders();
        Ok(self.changed(TaskEvent::Deleted))
    }

    /// Open or done, as it was; of an open one what is still ahead is armed again.
    pub fn restore(mut self, zone: UserZone, now: DateTime<Utc>) -> Result<Transition, Refusal> {
        if !self.is_deleted() || self.is_purged() {
            return Ok(Transition::Unchanged(self));
        }
        self.touch(now);
        self.deleted_at = None;
        self.trashed_along = false;
        self.trashed_with_project = false;
        self.adopt(zone);
        self.rearm_reminders(now);
        Ok(self.changed(TaskEvent::Restored))
    }

    pub(super) fn changed(self, event: TaskEvent) -> Transition {
        Transition::Changed { task: self, events: vec![event] }
    }
}
