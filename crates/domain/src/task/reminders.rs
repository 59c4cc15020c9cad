//! A task's list of reminders: who is who after an edit, and which should be pending.

use std::collections::HashSet;

use chrono::{DateTime, Datelike, Utc};

use super::{Status, Task};
use crate::{
    due::UserZone,
    id::ReminderId,
    reminder::{NewReminder, Reminder, ReminderRow, Schedule, Trigger},
    violation::Violation,
    wall_clock::YEARS,
};

impl Task {
    pub const MAX_REMINDERS: usize = 20;

    /// The firings that should be pending: those armed, of a task that is open and not deleted.
    ///
    /// Some may have fired already; the store inserts a row only if that (id, generation) never existed.
    pub fn pending_rows(&self) -> Vec<ReminderRow> {
        if !self.is_live() {
            return Vec::new();
        }
        let row = |reminder: &Reminder| {
            Some(ReminderRow {
                reminder_id: reminder.id,
                generation: reminder.generation,
                fires_at: reminder.fires_at?,
                due: self.due,
                title: self.title.clone(),
            })
        };
        self.reminders.iter().filter(|reminder| reminder.armed).filter_map(row).collect()
    }

    /// Puts the wanted list in place of the present one, not yet scheduled, and tells what is wrong with it.
    pub(super) fn replace_reminders(&mut self, wanted: Vec<NewReminder>) -> Vec<Violation> {
        let found = check(&self.reminders, &wanted);
        if !found.is_empty() {
            return found;
        }
        let mut known = std::mem::take(&mut self.reminders);
        let mut take = |is: &dyn Fn(&Reminder) -> bool| {
            known.iter().position(is).map(|position| known.swap_remove(position))
        };
        // Those named by id first, so that another's equal trigger cannot claim them.
        let named: Vec<Option<Reminder>> =
            wanted.iter().map(|entry| entry.id.and_then(|id| take(&|reminder| reminder.id == id))).collect();
        for (entry, named) in wanted.into_iter().zip(named) {
            let reminder = match named.or_else(|| take(&|reminder| reminder.trigger == entry.trigger)) {
                Some(reminder) => Reminder { trigger: entry.trigger, ..reminder },
                None => Reminder::unscheduled(self.next_reminder_id(), entry.trigger),
            };
            self.reminders.push(reminder);
        }
        Vec::new()
    }

    /// Follows the owner to the zone they set; a command that was on its way longer does not lead back.
    pub(super) fn adopt(&mut self, zone: UserZone) {
        if zone.version >= self.zone.version {
            self.zone = zone;
        }
    }

    pub(super) fn schedule_reminders(&mut self, now: DateTime<Utc>) {
        self.each_reminder(now, Reminder::schedule);
    }

    pub(super) fn rearm_reminders(&mut self, now: DateTime<Utc>) {
        self.each_reminder(now, Reminder::rearm);
    }

    pub(super) fn revive_reminders(&mut self, now: DateTime<Utc>) {
        self.each_reminder(now, Reminder::revive);
    }

    pub(super) fn disarm_reminders(&mut self) {
        self.reminders.iter_mut().for_each(Reminder::disarm);
    }

    fn each_reminder(&mut self, now: DateTime<Utc>, act: fn(&mut Reminder, &Schedule<'_>)) {
        let by = Schedule { due: self.due.as_ref(), user: &self.zone, live: self.is_live(), now };
        self.reminders.iter_mut().for_each(|reminder| act(reminder, &by));
    }

    pub(super) fn is_live(&self) -> bool {
        self.status() == Status::Open && !self.is_deleted()
    }

    fn next_reminder_id(&mut self) -> ReminderId {
        let id = ReminderId::nth(self.id, self.next_reminder);
        self.next_reminder += 1;
        id
    }
}

fn check(known: &[Reminder], wanted: &[NewReminder]) -> Vec<Violation> {
    let mut found = Vec::new();
    if wanted.len() > Task::MAX_REMINDERS {
        let detail = format!("A task has at most {} reminders, not {}.", Task::MAX_REMINDERS, wanted.len());
        found.push(Violation::new("reminders", "too_many", detail));
    }
    let (mut ids, mut triggers) = (HashSet::new(), HashSet::new());
    for (index, entry) in wanted.iter().enumerate() {
        let mut report = |member: &str, rule, detail: &str| {
            found.push(Violation::new(format!("reminders[{index}]{member}"), rule, detail));
        };
        if let Some(id) = entry.id {
            if !known.iter().any(|reminder| reminder.id == id) {
                report(".id", "unknown_reminder", "The task has no reminder of this id.");
            } else if !ids.insert(id) {
                report(".id", "duplicate", "Another entry names the same reminder.");
            }
        }
        if !triggers.insert(entry.trigger) {
            report("", "duplicate", "Another reminder is set for the same time.");
        }
        if matches!(entry.trigger, Trigger::At(instant) if !YEARS.contains(&instant.year())) {
            let detail = format!("The year is from {} to {}.", YEARS.start(), YEARS.end());
            report(".at", "out_of_range", &detail);
        }
    }
    found
}
