//! What a person changes of a series: one occurrence, or one and all that follow.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;

use super::{Recurrence, calendar, placed::place};
use crate::{due::Due, violation::Violation};

impl Recurrence {
    /// Without the occurrence of that name. The violation is at `recurrence.exdates`.
    pub fn without(mut self, occurrence: NaiveDateTime) -> Result<Self, Violation> {
        self.moved.remove(&occurrence);
        self.exdates.insert(occurrence);
        at_most("recurrence.exdates", self.exdates.len())?;
        Ok(self)
    }

    /// With the occurrence of that name at another time; it keeps its name. Violations are at
    /// `recurrence.moved`.
    pub fn with_moved(mut self, occurrence: NaiveDateTime, to: NaiveDateTime) -> Result<Self, Violation> {
        self.due(to).check().map_err(|violation| violation.at("recurrence.moved"))?;
        if to == occurrence {
            self.moved.remove(&occurrence);
        } else {
            self.moved.insert(occurrence, to);
        }
        at_most("recurrence.moved", self.moved.len())?;
        Ok(self)
    }

    /// Moved as a whole, so that the occurrence of that name is due then, and named so. Violations are at
    /// `due` and `recurrence.rrule`.
    pub fn shifted(mut self, occurrence: NaiveDateTime, due: &Due) -> Result<Self, Violation> {
        let out_of_range =
            || Violation::new("due", "out_of_range", "The series would start too early or late.");
        let shift = |local: NaiveDateTime| match due {
            Due::At { local: to, .. } => local.checked_add_signed(*to - occurrence),
            Due::AllDay { date } => local
                .date()
                .checked_add_signed(*date - occurrence.date())
                .map(|date| date.and_time(Default::default())),
        };
        let shift_all =
            |locals: &BTreeSet<NaiveDateTime>| locals.iter().filter_map(|local| shift(*local)).collect();
        let start = shift(self.wall().0).ok_or_else(out_of_range)?;
        self.start = match *due {
            Due::AllDay { .. } => Due::AllDay { date: start.date() },
            Due::At { zone, .. } => Due::At { local: start, zone },
        };
        self.start.check().map_err(|_| out_of_range())?;
        self.rrule = self.rrule.fit(&self.start).map_err(|violation| violation.at("recurrence.rrule"))?;
        self.exdates = shift_all(&self.exdates);
        self.rdates = shift_all(&self.rdates);
        self.moved =
            self.moved.iter().filter_map(|(named, to)| Some((shift(*named)?, shift(*to)?))).collect();
        self.ended = self.ended.and_then(shift);
        Ok(self)
    }

    /// Ended so that the occurrence of that name and all after it are none any more. An end is never put off.
    pub fn ended_before(mut self, occurrence: NaiveDateTime) -> Self {
        self.ended = Some(self.ended.map_or(occurrence, |ended| ended.min(occurrence)));
        self
    }

    /// The series up to an occurrence, and the rest as a series of its own to edit, in the same phase and
    /// with what is left of COUNT. None if the rule names no time from there on.
    pub fn split_at(&self, occurrence: NaiveDateTime) -> Option<(Recurrence, Recurrence)> {
        let (start, zone) = self.wall();
        let first = calendar::times(&self.rrule, start, occurrence).find(|time| *time >= occurrence)?;
        let until = self.until();
        if self.ended.is_some_and(|ended| first >= ended)
            || until.is_some_and(|until| place(first, zone).instant > until)
        {
            return None;
        }
        let mut rest = self.clone();
        rest.start = self.due(first);
        rest.start.check().ok()?;
        if let Some(count) = self.rrule.count {
            let passed = calendar::times(&self.rrule, start, start).take_while(|time| *time < first).count();
            rest.rrule.count = Some(count.saturating_sub(u32::try_from(passed).unwrap_or(u32::MAX)));
        }
        rest.exdates = self.exdates.range(occurrence..).copied().collect();
        rest.rdates = self.rdates.range(occurrence..).copied().collect();
        rest.moved = self.moved.range(occurrence..).map(|(named, to)| (*named, *to)).collect();
        Some((self.clone().ended_before(occurrence), rest))
    }
}

fn at_most(field: &str, length: usize) -> Result<(), Violation> {
    if length <= Recurrence::MAX_DATES {
        return Ok(());
    }
    Err(Violation::new(field, "too_many", format!("At most {}.", Recurrence::MAX_DATES)))
}
