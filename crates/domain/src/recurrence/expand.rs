//! A series as a sequence of instants: in order, each once, with exceptions and additions applied.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use super::{
    Recurrence, calendar,
    placed::{Placed, place},
    rule::Until,
};
use crate::{due::Due, wall_clock::Zone};

/// Times of the rule that one expansion looks at: more than any series within the limits
/// needs to pass over a preview's skip, its COUNT or its exceptions.
const BUDGET: usize = 100_000;

/// No zone's clock ever differs from another reading of it by more: Samoa skipped a day.
const LONGEST_GAP: TimeDelta = TimeDelta::hours(25);

/// An occurrence by the time the rule names for it, and where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) named: NaiveDateTime,
    pub(super) placed: Placed,
}

impl Recurrence {
    /// Occurrences later than `after`, if given; instants are those of [`Recurrence::wall`].
    pub(super) fn expand(&self, after: Option<DateTime<Utc>>) -> impl Iterator<Item = Found> + use<> {
        let (start, zone) = self.wall();
        let ended = self.ended.unwrap_or(NaiveDateTime::MAX);
        let instants = |locals: &mut dyn Iterator<Item = &NaiveDateTime>| -> HashSet<DateTime<Utc>> {
            locals.map(|local| place(*local, zone).instant).collect()
        };
        let exdates = instants(&mut self.exdates.iter());
        let moved = instants(&mut self.moved.keys());

        let times = calendar::times(&self.rrule, start, near(after, start, zone))
            .take(BUDGET)
            .take_while(move |local| *local < ended)
            .map(move |local| place(local, zone));
        let left_out = exdates.clone();
        let by_rule = InOrder::new(times, self.until())
            .filter(move |placed| !left_out.contains(&placed.instant) && !moved.contains(&placed.instant))
            .map(|placed| Found { named: placed.local, placed });

        let added = self.rdates.iter().map(|local| (*local, *local));
        let mut others: Vec<Found> = added
            .chain(self.moved.iter().map(|(named, local)| (*named, *local)))
            .filter(|(named, _)| *named < ended && !exdates.contains(&place(*named, zone).instant))
            .map(|(named, local)| Found { named, placed: place(local, zone) })
            .collect();
        others.sort_by_key(|found| found.placed.instant);

        let mut last = after;
        merge(by_rule, others.into_iter()).filter(move |found| {
            let is_later = last.is_none_or(|last| found.placed.instant > last);
            if is_later {
                last = Some(found.placed.instant);
            }
            is_later
        })
    }

    /// The last instant that UNTIL allows.
    pub(super) fn until(&self) -> Option<DateTime<Utc>> {
        let (_, zone) = self.wall();
        let end_of = |date: NaiveDate| {
            let next = date.succ_opt().unwrap_or(date).and_time(Default::default());
            place(next, zone).instant - TimeDelta::seconds(1)
        };
        Some(match (self.rrule.until?, self.start) {
            // The last date of a series of dates, whatever time it is given with.
            (Until::Instant(until), Due::AllDay { .. }) => end_of(until.date_naive()),
            (Until::Local(until), Due::AllDay { .. }) => end_of(until.date()),
            (Until::Instant(until), Due::At { .. }) => until,
            (Until::Local(until), Due::At { .. }) => place(until, zone).instant,
            (Until::Date(until), _) => end_of(until),
        })
    }
}

/// A time on the wall before all that are later than `after`, but not long before.
fn near(after: Option<DateTime<Utc>>, start: NaiveDateTime, zone: Zone) -> NaiveDateTime {
    match after {
        Some(after) if after.naive_utc() > start => zone.local(after) - LONGEST_GAP,
        _ => start,
    }
}

/// Puts placed times in the order of their instants. A time that a gap moved may come after later ones on the
/// wall: 02:30 becomes 03:30, then comes 03:00.
struct InOrder<I> {
    times: I,
    until: Option<DateTime<Utc>>,
    waiting: BTreeMap<DateTime<Utc>, Placed>,
    /// Nothing that is still to come lies before it.
    settled: DateTime<Utc>,
    finished: bool,
}

impl<I> InOrder<I> {
    fn new(times: I, until: Option<DateTime<Utc>>) -> Self {
        let (waiting, settled) = (BTreeMap::new(), DateTime::<Utc>::MIN_UTC);
        InOrder { times, until, waiting, settled, finished: false }
    }
}

impl<I: Iterator<Item = Placed>> Iterator for InOrder<I> {
    type Item = Placed;

    fn next(&mut self) -> Option<Placed> {
        loop {
            let first = self.waiting.first_entry();
            if let Some(first) = first.filter(|first| self.finished || *first.key() <= self.settled) {
                return Some(first.remove());
            }
            if self.finished {
                return None;
            }
            match self.times.next() {
                None => self.finished = true,
                Some(placed) if self.until.is_some_and(|until| placed.instant > until) => {
                    // One that a gap moved beyond the end may be followed by some that lie before it.
                    self.finished = !placed.shifted;
                }
                Some(placed) if placed.shifted => drop(self.waiting.entry(placed.instant).or_insert(placed)),
                Some(placed) => {
                    self.settled = placed.instant;
                    self.waiting.insert(placed.instant, placed);
                }
            }
        }
    }
}

/// Two sequences in order as one; of two at the same instant the first's comes first.
fn merge(
    first: impl Iterator<Item = Found>,
    second: impl Iterator<Item = Found>,
) -> impl Iterator<Item = Found> {
    let (mut first, mut second) = (first.peekable(), second.peekable());
    std::iter::from_fn(move || match (first.peek(), second.peek()) {
        (Some(one), Some(other)) if other.placed.instant < one.placed.instant => second.next(),
        (Some(_), _) => first.next(),
        (None, _) => second.next(),
    })
}
