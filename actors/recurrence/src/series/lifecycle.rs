//! An instance is closed, reopened, trashed or moved; a person edits or ends the series.

use chrono::{DateTime, NaiveDateTime, Utc};
use contracts::recurrence::{Closed, Instance, Template, TemplateField, next_id};

use super::{Entry, Link, Plan, Series, Wanted};

impl Series {
    /// The first instance came to be.
    pub(crate) fn begin(&mut self, instance: &Instance, template: Template) {
        if self.template.is_none() || instance.edited_at > self.edited_at {
            self.template = Some(template);
        }
        self.locate(instance);
    }

    /// Completed or skipped: the next one is planned, once.
    pub(crate) fn close(&mut self, instance: &Instance, how: Closed) -> Option<Entry> {
        let place = self.locate(instance)?;
        if instance.version <= self.instances[place].version {
            return None;
        }
        self.lives(place);
        let link = &mut self.instances[place];
        link.version = instance.version;
        link.closed = Some(how);
        Some(self.plan(place, how, instance.at))
    }

    pub(crate) fn reopen(&mut self, instance: &Instance) -> Option<Entry> {
        let place = self.locate(instance)?;
        if instance.version <= self.instances[place].version {
            return None;
        }
        self.lives(place);
        let link = &mut self.instances[place];
        link.version = instance.version;
        link.closed = None;
        if link.next.as_ref().is_some_and(|plan| plan.cause == Closed::Missed) {
            link.closed = Some(Closed::Missed);
            return None;
        }
        self.withdraw(place)
    }

    pub(crate) fn trash(&mut self, instance: &Instance, trashed: bool) {
        let Some(place) = self.locate(instance) else { return };
        let link = &mut self.instances[place];
        if instance.version > link.trash_version {
            link.trash_version = instance.version;
            link.trashed = trashed;
        }
    }

    /// The series goes on from this instance as that says.
    pub(crate) fn edit(
        &mut self,
        instance: &Instance,
        template: Option<Template>,
        changed: &[TemplateField],
        anew: bool,
    ) {
        if instance.edited_at < self.edited_at {
            return;
        }
        let Some(place) = self.locate(instance) else { return };
        self.recurrence = instance.recurrence.clone();
        self.ended = false;
        self.template = match (self.template.take(), template) {
            (Some(before), Some(newer)) => Some(before.with(&newer, changed)),
            (before, newer) => newer.or(before),
        };
        self.instances[place].occurrence = instance.occurrence;
        if anew {
            let before = self.instances[place].number - 1;
            for link in &mut self.instances[place..] {
                link.number = link.number.saturating_sub(before).max(1);
            }
        }
    }

    pub(crate) fn move_to(&mut self, instance: &Instance, to: NaiveDateTime) {
        let Some(place) = self.locate(instance) else { return };
        let link = &mut self.instances[place];
        if instance.version <= link.move_version {
            return;
        }
        link.move_version = instance.version;
        // The task has its new time whether the series has room to note it or not.
        if let Ok(moved) = self.recurrence.clone().with_moved(link.occurrence, to) {
            self.recurrence = moved;
        }
    }

    /// This instance is the last.
    pub(crate) fn end(&mut self, instance: &Instance) -> Option<Entry> {
        if instance.edited_at < self.edited_at {
            return None;
        }
        let place = self.locate(instance)?;
        self.ended = true;
        let link = &mut self.instances[place];
        link.entered = link.entered.max(instance.version);
        self.withdraw(place)
    }

    /// What follows an instance; decided once, and found again.
    pub(super) fn plan(&mut self, place: usize, cause: Closed, at: DateTime<Utc>) -> Entry {
        let id = self.id;
        let Link { task_id, occurrence, number, version, entered, next, .. } = &mut self.instances[place];
        *entered = (*entered).max(*version);
        let (predecessor, version, next_id) = (*task_id, *entered, next_id(id, *task_id));
        let entry = |wanted| Entry { predecessor, next_id, version, wanted };
        if let Some(plan) = next {
            if plan.withdrawn && self.ended {
                return entry(Wanted::Over);
            }
            if std::mem::take(&mut plan.withdrawn) {
                plan.cause = cause;
            }
            return entry(Wanted::Planned { occurrence: plan.occurrence, due: plan.due });
        }
        if self.ended {
            return entry(Wanted::Over);
        }
        let Some(following) = self.recurrence.next(&self.zone, *occurrence, at, *number) else {
            return entry(Wanted::Over);
        };
        let (occurrence, due, number) = (following.local, following.due, *number + 1);
        *next = Some(Plan { occurrence, due, cause, withdrawn: false });
        self.instances.push(Link::open(next_id, occurrence, number));
        entry(Wanted::Planned { occurrence, due })
    }

    fn withdraw(&mut self, place: usize) -> Option<Entry> {
        let id = self.id;
        let Link { task_id, version, entered, next, .. } = &mut self.instances[place];
        *entered = (*entered).max(*version);
        let plan = next.as_mut().filter(|plan| !plan.withdrawn)?;
        plan.withdrawn = true;
        let wanted = Wanted::Withdraw { occurrence: plan.occurrence, due: plan.due };
        Some(Entry { predecessor: *task_id, next_id: next_id(id, *task_id), version: *entered, wanted })
    }
}
