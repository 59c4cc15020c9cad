//! Reminders of a task, and when a new firing of one begins.
//!
//! One firing is a row (reminder, generation). Whatever moves or re-arms a reminder raises its generation,
//! so its next firing is not taken for a repetition of the last. The domain is not told when one fires:
//! `armed` stays true, and the store inserts a row only if that generation never had one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    due::{Due, UserZone},
    id::ReminderId,
    lead::Lead,
    text::Title,
};

/// Written `{"at":"2026-12-01T08:00:00Z"}` or `{"before":"PT10M"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    At(DateTime<Utc>),
    /// Relative to the task's due time; without one it waits.
    Before(Lead),
}

/// A reminder as a person asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewReminder {
    /// Names one the task already has; it keeps its identity even with another trigger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ReminderId>,
    #[serde(flatten)]
    pub trigger: Trigger,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminder {
    pub id: ReminderId,
    #[serde(flatten)]
    pub trigger: Trigger,
    /// Counts this reminder's firings to be, from 1.
    pub generation: u32,
    /// None for a relative one while the task has no due time.
    #[serde(default)]
    pub fires_at: Option<DateTime<Utc>>,
    /// Whether this generation should fire, or should have.
    #[serde(default)]
    pub armed: bool,
}

/// What should be pending in the reminder clock's table for one firing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReminderRow {
    pub reminder_id: ReminderId,
    pub generation: u32,
    pub fires_at: DateTime<Utc>,
    pub due: Option<Due>,
    pub title: Title,
}

/// What decides when the reminders of a task fire, and whether.
pub(crate) struct Schedule<'a> {
    pub(crate) due: Option<&'a Due>,
    pub(crate) user: &'a UserZone,
    /// The task is open and not deleted.
    pub(crate) live: bool,
    pub(crate) now: DateTime<Utc>,
}

impl Schedule<'_> {
    fn instant(&self, trigger: &Trigger) -> Option<DateTime<Utc>> {
        match trigger {
            Trigger::At(instant) => Some(*instant),
            Trigger::Before(lead) => self.due.map(|due| lead.before(due, self.user)),
        }
    }

    fn is_ahead(&self, instant: Option<DateTime<Utc>>) -> bool {
        instant.is_some_and(|instant| instant > self.now)
    }
}

impl Reminder {
    /// One that has no firing yet; [`Reminder::schedule`] gives it the first.
    pub(crate) fn unscheduled(id: ReminderId, trigger: Trigger) -> Self {
        Reminder { id, trigger, generation: 0, fires_at: None, armed: false }
    }

    /// Begins a new generation if this one is new or its instant moved; else nothing happens, so that
    /// editing a title does not fire again.
    pub(crate) fn schedule(&mut self, by: &Schedule<'_>) {
        let instant = by.instant(&self.trigger);
        if self.generation > 0 && instant == self.fires_at {
            return;
        }
        let wanted = match self.trigger {
            // Fires at once if its time has passed, and says how late: what was asked for is never lost.
            Trigger::At(_) => true,
            // Of no use any more once the due time has passed as well.
            Trigger::Before(_) => by.is_ahead(instant) || by.is_ahead(by.due.map(|due| due.instant(by.user))),
        };
        self.begin(instant, by.live && instant.is_some() && wanted);
    }

    /// Begins a new generation when the task comes back to life, for what is still ahead only.
    pub(crate) fn rearm(&mut self, by: &Schedule<'_>) {
        let instant = by.instant(&self.trigger);
        let ahead = by.live && by.is_ahead(instant);
        if ahead || instant != self.fires_at {
            self.begin(instant, ahead);
        }
    }

    /// The same, but one that waits for this instant goes on waiting.
    pub(crate) fn revive(&mut self, by: &Schedule<'_>) {
        if !self.armed || by.instant(&self.trigger) != self.fires_at {
            self.rearm(by);
        }
    }

    pub(crate) fn disarm(&mut self) {
        self.armed = false;
    }

    fn begin(&mut self, fires_at: Option<DateTime<Utc>>, armed: bool) {
        self.generation = self.generation.saturating_add(1);
        self.fires_at = fires_at;
        self.armed = armed;
    }
}
