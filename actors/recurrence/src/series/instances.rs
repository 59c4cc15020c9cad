//! Which instances a series knows, and what of a message about one is news.

use contracts::recurrence::Instance;
use uuid::Uuid;

use super::{Link, Series};

/// Instances further back are not remembered. Their successors are decided, so nothing about them is news.
const KEPT: usize = 32;

impl Series {
    /// The place of the instance a message tells of, after taking over what it says of the whole series.
    /// `None`: it is so old that it was forgotten.
    pub(super) fn locate(&mut self, instance: &Instance) -> Option<usize> {
        if instance.zone.version >= self.zone.version {
            self.zone = instance.zone;
        }
        let newer_edit = instance.edited_at > self.edited_at;
        if newer_edit {
            self.recurrence = instance.recurrence.clone();
            self.edited_at = instance.edited_at;
            self.ended = false;
        }
        let place = self.place(instance.task_id).or_else(|| self.take_up(instance))?;
        if newer_edit {
            self.instances[place].occurrence = instance.occurrence;
        }
        Some(place)
    }

    fn place(&self, task_id: Uuid) -> Option<usize> {
        self.instances.iter().position(|link| link.task_id == task_id)
    }

    /// One that lies ahead of all known ones: they were lost, with a database restored from an older time.
    fn take_up(&mut self, instance: &Instance) -> Option<usize> {
        let last = self.instances.last()?;
        if instance.occurrence <= last.occurrence {
            return None;
        }
        self.instances.push(Link::open(instance.task_id, instance.occurrence, last.number + 1));
        Some(self.instances.len() - 1)
    }

    /// The latest instance that was not withdrawn.
    pub(super) fn current(&self) -> Option<usize> {
        let withdrawn = |task_id: Uuid| {
            self.predecessor(task_id)
                .is_some_and(|link| link.next.as_ref().is_some_and(|plan| plan.withdrawn))
        };
        (0..self.instances.len()).rev().find(|place| !withdrawn(self.instances[*place].task_id))
    }

    fn predecessor(&self, task_id: Uuid) -> Option<&Link> {
        self.instances.iter().find(|link| contracts::recurrence::next_id(self.id, link.task_id) == task_id)
    }

    /// An instance that was to be withdrawn shows that somebody uses it.
    pub(super) fn lives(&mut self, place: usize) {
        let (id, task_id) = (self.id, self.instances[place].task_id);
        let predecessor = self
            .instances
            .iter_mut()
            .find(|link| contracts::recurrence::next_id(id, link.task_id) == task_id);
        if let Some(plan) = predecessor.and_then(|link| link.next.as_mut()) {
            plan.withdrawn = false;
        }
    }

    /// To be called at the end of every change.
    pub(crate) fn settle(&mut self) {
        let surplus = self.instances.len().saturating_sub(KEPT);
        self.instances.drain(..surplus);
        self.next_at = self.missed_at();
    }
}
