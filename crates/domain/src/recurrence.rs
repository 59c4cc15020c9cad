//! Recurring tasks: a rule of RFC 5545 on a start, and which occurrence comes next.
//!
//! A rule is about the wall: `calendar` lists wall-clock times, `placed` finds each one's instant in the
//! zone, `expand` puts them in order and applies what the series adds and leaves out. `list` and `next`
//! are what callers ask, `edit` what a person changes, `words` tells the rule in English. An occurrence
//! is known by the time the rule names for it, RFC 5545's RECURRENCE-ID, even when it was moved.
//!
//! ```
//! use domain::{CountedFrom, Due, Missed, NewRecurrence, Recurrence, UserZone, Zone};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let berlin = UserZone::new(Zone::parse("Europe/Berlin")?, 1);
//! let series = Recurrence::parse(NewRecurrence {
//!     rrule: "FREQ=WEEKLY;BYDAY=MO",
//!     start: Due::parse(None, Some("2026-03-23T09:00:00"), Some("Europe/Berlin"))?,
//!     exdates: &[],
//!     rdates: &[],
//!     from: CountedFrom::Due,
//!     missed: Missed::Skip,
//! })?;
//! let next = series.next_after(&berlin, "2026-03-23T08:00:00Z".parse()?).expect("it has no end");
//! assert_eq!(next.at().to_rfc3339(), "2026-03-30T09:00:00+02:00");
//! assert_eq!(series.text(), "every week on Monday");
//! # Ok(())
//! # }
//! ```

mod calendar;
mod edit;
mod expand;
mod limits;
mod list;
mod next;
mod placed;
mod read;
mod rule;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};

pub use self::{
    list::Preview,
    rule::{Freq, Rule},
};
use crate::{
    due::Due,
    violation::{Violation, Violations},
    wall_clock::Zone,
};

/// Also the stored state: members are only ever added, each new one with a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurrence {
    rrule: Rule,
    /// Gives the rule its phase, its zone, and the parts that the rule leaves open.
    start: Due,
    #[serde(default)]
    exdates: BTreeSet<NaiveDateTime>,
    #[serde(default)]
    rdates: BTreeSet<NaiveDateTime>,
    /// From the time the rule names to the time it was moved to.
    #[serde(default)]
    moved: BTreeMap<NaiveDateTime, NaiveDateTime>,
    #[serde(default)]
    from: CountedFrom,
    #[serde(default)]
    missed: Missed,
    /// The series was ended: it has no occurrence at this time on the wall or later.
    #[serde(default)]
    ended: Option<NaiveDateTime>,
}

/// From when the next occurrence is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountedFrom {
    /// The rule goes on from its start, whenever an instance is completed.
    #[default]
    Due,
    /// The rule starts anew on the day an instance is completed.
    Completion,
}

/// What becomes of occurrences whose time passed before the one before them was completed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    #[default]
    Skip,
    KeepEach,
}

/// One occurrence of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// The time on the wall that the rule names, which identifies it within the series; midnight if all-day.
    pub local: NaiveDateTime,
    /// When the task of this occurrence is due; not `local` if it was moved.
    pub due: Due,
    pub instant: DateTime<Utc>,
    /// From UTC, in the zone of the series; of an all-day one in the user's.
    pub offset: FixedOffset,
    /// The zone skips this time on the wall, so it is later by the gap.
    pub shifted: bool,
}

impl Occurrence {
    /// Its instant as the wall in its zone shows it.
    pub fn at(&self) -> DateTime<FixedOffset> {
        self.instant.with_timezone(&self.offset)
    }
}

/// A recurrence as a person asks for it.
#[derive(Clone, Copy, Debug)]
pub struct NewRecurrence<'a> {
    pub rrule: &'a str,
    /// When the first task is due.
    pub start: Due,
    /// Each a local time of the series, or a date if it is all-day.
    pub exdates: &'a [String],
    pub rdates: &'a [String],
    pub from: CountedFrom,
    pub missed: Missed,
}

impl Recurrence {
    /// At most so many exceptions, additions or moved occurrences.
    pub const MAX_DATES: usize = 1_000;

    /// Violations are at `recurrence.rrule`, `recurrence.exdates[index]`, `recurrence.rdates[index]`.
    pub fn parse(new: NewRecurrence<'_>) -> Result<Self, Violations> {
        let rrule = Rule::parse(new.rrule).and_then(|rule| rule.fit(&new.start));
        let rrule = rrule.map_err(|violation| violation.at("recurrence.rrule"));
        let mut found: Vec<Violation> = rrule.as_ref().err().into_iter().cloned().collect();
        let exdates = dates("recurrence.exdates", new.exdates, &new.start, &mut found);
        let rdates = dates("recurrence.rdates", new.rdates, &new.start, &mut found);
        Violations::check(found)?;
        Ok(Recurrence {
            rrule: rrule?,
            start: new.start,
            exdates,
            rdates,
            moved: BTreeMap::new(),
            from: new.from,
            missed: new.missed,
            ended: None,
        })
    }

    pub fn rule(&self) -> &Rule {
        &self.rrule
    }

    pub fn start(&self) -> &Due {
        &self.start
    }

    pub fn exdates(&self) -> &BTreeSet<NaiveDateTime> {
        &self.exdates
    }

    pub fn rdates(&self) -> &BTreeSet<NaiveDateTime> {
        &self.rdates
    }

    pub fn moved(&self) -> &BTreeMap<NaiveDateTime, NaiveDateTime> {
        &self.moved
    }

    pub fn counted_from(&self) -> CountedFrom {
        self.from
    }

    pub fn missed(&self) -> Missed {
        self.missed
    }

    pub fn ended(&self) -> Option<NaiveDateTime> {
        self.ended
    }

    /// The rule in English: `every year on the first Sunday of July`.
    pub fn text(&self) -> String {
        let (start, zone) = self.wall();
        words::describe(&self.rrule, start, zone)
    }

    /// The start on the wall and the zone of that wall. A date is its midnight in UTC, which has every
    /// midnight once; so all-day occurrences are told apart by date alone.
    fn wall(&self) -> (NaiveDateTime, Zone) {
        match self.start {
            Due::AllDay { date } => (date.and_time(Default::default()), Zone::UTC),
            Due::At { local, zone } => (local, zone),
        }
    }

    /// A due time of the kind the series has.
    fn due(&self, local: NaiveDateTime) -> Due {
        match self.start {
            Due::AllDay { .. } => Due::AllDay { date: local.date() },
            Due::At { zone, .. } => Due::At { local, zone },
        }
    }
}

impl Rule {
    /// The rule as it means for a start of that kind: without hours for a date, by RFC 5545.
    fn fit(mut self, start: &Due) -> Result<Self, Violation> {
        if matches!(start, Due::AllDay { .. }) {
            if self.freq > Freq::Daily {
                let detail = format!("FREQ={} needs a start with a time.", self.freq);
                return Err(read::wrong("FREQ", "needs_time", detail));
            }
            for times in [&mut self.by_hour, &mut self.by_minute, &mut self.by_second] {
                times.clear();
            }
        }
        Ok(self)
    }
}

fn dates(field: &str, texts: &[String], start: &Due, found: &mut Vec<Violation>) -> BTreeSet<NaiveDateTime> {
    if texts.len() > Recurrence::MAX_DATES {
        let detail = format!("At most {}, not {}.", Recurrence::MAX_DATES, texts.len());
        found.push(Violation::new(field, "too_many", detail));
        return BTreeSet::new();
    }
    let mut dates = BTreeSet::new();
    for (index, text) in texts.iter().enumerate() {
        let due = match start {
            Due::AllDay { .. } => Due::parse(Some(text), None, None),
            Due::At { zone, .. } => Due::parse(None, Some(text), Some(zone.name())),
        };
        match due {
            Ok(Due::AllDay { date }) => drop(dates.insert(date.and_time(Default::default()))),
            Ok(Due::At { local, .. }) => drop(dates.insert(local)),
            Err(wrong) => found.extend(wrong.into_iter().map(|one| one.at(format!("{field}[{index}]")))),
        }
    }
    dates
}
