//! A series that keeps each instance: the next one comes at its time, whether the one before is done or not.

use chrono::{DateTime, Utc};
use contracts::recurrence::Closed;
use domain::{CountedFrom, Missed};

use super::{Entry, Series};

/// So many at most in one turn; the next check goes on.
const AT_ONCE: usize = 50;

impl Series {
    /// Plans the instances whose time has come.
    pub(crate) fn check_missed(&mut self, now: DateTime<Utc>) -> Vec<Entry> {
        let mut entries = Vec::new();
        while entries.len() < AT_ONCE && self.missed_at().is_some_and(|at| at <= now) {
            let Some(place) = self.current() else { break };
            self.instances[place].closed = Some(Closed::Missed);
            entries.push(self.plan(place, Closed::Missed, now));
        }
        entries
    }

    /// When the instance after the open one is due.
    pub(super) fn missed_at(&self) -> Option<DateTime<Utc>> {
        let keeps = self.recurrence.missed() == Missed::KeepEach;
        if !keeps || self.recurrence.counted_from() == CountedFrom::Completion || self.ended {
            return None;
        }
        let open = self.current().map(|place| &self.instances[place])?;
        if open.closed.is_some() || open.trashed {
            return None;
        }
        if let Some(plan) = &open.next {
            // It was withdrawn; its time is still its time.
            return Some(plan.due.instant(&self.zone));
        }
        // Such a series counts from its predecessor alone, so any `now` gives the same.
        let next = self.recurrence.next_from_due(&self.zone, open.occurrence, DateTime::UNIX_EPOCH)?;
        Some(next.instant)
    }
}
