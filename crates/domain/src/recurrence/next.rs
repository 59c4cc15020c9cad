//! The instance that follows one that was completed, skipped or missed.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Timelike, Utc};

use super::{CountedFrom, Freq, Missed, Occurrence, Recurrence, expand::Found, placed::place};
use crate::due::{Due, UserZone};

impl Recurrence {
    /// The next occurrence by the series' own mode. `predecessor` is [`Occurrence::local`] of the instance
    /// that was done at `done_at`, and `made` counts the instances so far, that one included.
    pub fn next(
        &self,
        user: &UserZone,
        predecessor: NaiveDateTime,
        done_at: DateTime<Utc>,
        made: u32,
    ) -> Option<Occurrence> {
        match self.from {
            CountedFrom::Due => self.next_from_due(user, predecessor, done_at),
            CountedFrom::Completion => self.next_from_completion(user, done_at, made),
        }
    }

    /// The first occurrence after its predecessor, and if missed ones are skipped, after `now`. An all-day
    /// one of today is not after now: the day counts as begun.
    pub fn next_from_due(
        &self,
        user: &UserZone,
        predecessor: NaiveDateTime,
        now: DateTime<Utc>,
    ) -> Option<Occurrence> {
        let named = place(predecessor, self.wall().1).instant;
        let after = match self.missed {
            Missed::Skip => named.max(self.position(user, now)),
            Missed::KeepEach => named,
        };
        // One that was moved to a later time is an instance already, the predecessor itself among them.
        let is_past = |named: NaiveDateTime| named <= predecessor && self.moved.contains_key(&named);
        self.first_due(user, self.expand(Some(after)).filter(|found| !is_past(found.named)))
    }

    /// The rule as if it started on the user's day of completion, at the series' time of day. COUNT counts
    /// the instances `made`, as every completion starts the rule anew.
    ///
    /// Within a day, for an hourly rule or one with several times a day, it counts from the completion
    /// itself, to the minute.
    pub fn next_from_completion(
        &self,
        user: &UserZone,
        completed_at: DateTime<Utc>,
        made: u32,
    ) -> Option<Occurrence> {
        if self.rrule.count.is_some_and(|count| made >= count) {
            return None;
        }
        let day = user.zone.local(completed_at).date();
        let (start, zone) = self.wall();
        let mut anchored = self.clone();
        anchored.rrule.count = None;
        // Whatever was moved is an instance already.
        anchored.moved.clear();
        let after = if self.rrule.freq >= Freq::Hourly {
            let local = zone.local(completed_at);
            let minute = local.with_second(0).and_then(|local| local.with_nanosecond(0)).unwrap_or(local);
            anchored.start = self.due(minute);
            place(minute, zone).instant.max(completed_at)
        } else {
            anchored.start = self.due(day.and_time(start.time()));
            match self.start {
                Due::At { .. } if self.rrule.by_hour.len().max(self.rrule.by_minute.len()) > 1 => {
                    completed_at
                }
                _ => {
                    place(day.succ_opt()?.and_time(Default::default()), zone).instant - TimeDelta::seconds(1)
                }
            }
        };
        anchored.first_due(user, anchored.expand(Some(after)))
    }

    /// None also when the calendar of due times ends, years from now.
    fn first_due(&self, user: &UserZone, mut found: impl Iterator<Item = Found>) -> Option<Occurrence> {
        Some(self.occurrence(user, found.next()?)).filter(|occurrence| occurrence.due.check().is_ok())
    }
}
