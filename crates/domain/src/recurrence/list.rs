//! What lies ahead in a series.

use chrono::{DateTime, Utc};

use super::{Occurrence, Recurrence, expand::Found, placed::place};
use crate::due::{Due, UserZone};

/// A part of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    pub occurrences: Vec<Occurrence>,
    /// No occurrence follows those listed.
    pub ends: bool,
}

impl Preview {
    /// As far into a series as an expansion goes in some tens of milliseconds.
    pub const MAX_SKIP: usize = 10_000;
    pub const MAX_COUNT: usize = 500;
}

impl Recurrence {
    /// The first `limit` occurrences, of those later than `after` if given. The user's zone matters only for
    /// all-day series: those after an instant lie on days after the user's day at that instant.
    pub fn occurrences(
        &self,
        user: &UserZone,
        after: Option<DateTime<Utc>>,
        limit: usize,
    ) -> Vec<Occurrence> {
        let after = after.map(|after| self.position(user, after));
        self.expand(after).take(limit).map(|found| self.occurrence(user, found)).collect()
    }

    pub fn next_after(&self, user: &UserZone, instant: DateTime<Utc>) -> Option<Occurrence> {
        let found = self.expand(Some(self.position(user, instant))).next()?;
        Some(self.occurrence(user, found))
    }

    /// `count` occurrences after passing over `skip`; both are cut to the limits of [`Preview`].
    pub fn preview(&self, user: &UserZone, skip: usize, count: usize) -> Preview {
        let mut found = self.expand(None).skip(skip.min(Preview::MAX_SKIP));
        let listed = found.by_ref().take(count.min(Preview::MAX_COUNT));
        let occurrences = listed.map(|found| self.occurrence(user, found)).collect();
        Preview { occurrences, ends: found.next().is_none() }
    }

    /// An instant among those of the expansion: a date stands for the user's whole day.
    pub(super) fn position(&self, user: &UserZone, instant: DateTime<Utc>) -> DateTime<Utc> {
        match self.start {
            Due::AllDay { .. } => user.zone.local(instant).date().and_time(Default::default()).and_utc(),
            Due::At { .. } => instant,
        }
    }

    pub(super) fn occurrence(&self, user: &UserZone, found: Found) -> Occurrence {
        let due = self.due(found.placed.local);
        let placed = match due {
            Due::AllDay { date } => place(date.and_time(user.day_start), user.zone),
            Due::At { .. } => found.placed,
        };
        Occurrence {
            local: found.named,
            due,
            instant: placed.instant,
            offset: placed.offset,
            shifted: placed.shifted,
        }
    }
}
