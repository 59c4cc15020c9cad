//! A recurrence rule as RFC 5545 section 3.3.10 has it, apart from where it starts.

use std::{fmt, str::FromStr};

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc, Weekday};
use serde::{Deserialize, Serialize};

use super::{limits, read};
use crate::violation::Violation;

/// Written as the RFC writes it, in one canonical form: `FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE`.
///
/// Every list is sorted and free of doubles. Reading it back from stored state checks the grammar only, so
/// that a stricter limit never makes a stored series unreadable.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule {
    pub(super) freq: Freq,
    pub(super) interval: u16,
    pub(super) count: Option<u32>,
    pub(super) until: Option<Until>,
    pub(super) week_start: Weekday,
    pub(super) by_month: Vec<u8>,
    pub(super) by_week_no: Vec<i8>,
    pub(super) by_year_day: Vec<i16>,
    pub(super) by_month_day: Vec<i8>,
    pub(super) by_day: Vec<Day>,
    pub(super) by_hour: Vec<u8>,
    pub(super) by_minute: Vec<u8>,
    pub(super) by_second: Vec<u8>,
    pub(super) by_set_pos: Vec<i16>,
}

/// From the longest period to the shortest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Freq {
    Yearly,
    Monthly,
    Weekly,
    Daily,
    Hourly,
    Minutely,
    Secondly,
}

impl Freq {
    pub(super) const ALL: [(Freq, &str); 7] = [
        (Freq::Yearly, "YEARLY"),
        (Freq::Monthly, "MONTHLY"),
        (Freq::Weekly, "WEEKLY"),
        (Freq::Daily, "DAILY"),
        (Freq::Hourly, "HOURLY"),
        (Freq::Minutely, "MINUTELY"),
        (Freq::Secondly, "SECONDLY"),
    ];
}

impl fmt::Display for Freq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Freq::ALL[*self as usize].1)
    }
}

/// The last moment an occurrence may lie at, inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Until {
    Instant(DateTime<Utc>),
    /// A time on the wall of the series.
    Local(NaiveDateTime),
    /// The whole day, by the calendar of the series.
    Date(NaiveDate),
}

/// One entry of BYDAY: every such weekday, or the nth of the month or year, from its end if negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Day {
    pub(super) nth: Option<i8>,
    pub(super) weekday: Weekday,
}

impl Day {
    pub(super) const WEEKDAYS: [(Weekday, &str); 7] = [
        (Weekday::Mon, "MO"),
        (Weekday::Tue, "TU"),
        (Weekday::Wed, "WE"),
        (Weekday::Thu, "TH"),
        (Weekday::Fri, "FR"),
        (Weekday::Sat, "SA"),
        (Weekday::Sun, "SU"),
    ];

    pub(super) fn order(&self) -> (Option<i8>, u32) {
        (self.nth, self.weekday.num_days_from_monday())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(nth) = self.nth {
            write!(f, "{nth}")?;
        }
        f.write_str(name(self.weekday))
    }
}

fn name(weekday: Weekday) -> &'static str {
    Day::WEEKDAYS[weekday.num_days_from_monday() as usize].1
}

impl Rule {
    /// Reads a rule that a person sends: the grammar, and what the limits allow. Violations are at `rrule`
    /// and name the part in their detail.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let rule = read::rule(text)?;
        limits::check(&rule)?;
        Ok(rule)
    }

    pub fn freq(&self) -> Freq {
        self.freq
    }

    pub fn interval(&self) -> u16 {
        self.interval
    }

    /// How many occurrences there are at most.
    pub fn count(&self) -> Option<u32> {
        self.count
    }

    /// Whether COUNT or UNTIL ends it.
    pub fn is_bounded(&self) -> bool {
        self.count.is_some() || self.until.is_some()
    }

    /// The highest number a weekday of BYDAY can have, in a month or a year.
    pub(super) fn last_nth(&self) -> i8 {
        if self.freq == Freq::Monthly || !self.by_month.is_empty() { 5 } else { 53 }
    }

    /// Whether any part says which days.
    pub(super) fn names_days(&self) -> bool {
        !(self.by_week_no.is_empty()
            && self.by_year_day.is_empty()
            && self.by_month_day.is_empty()
            && self.by_day.is_empty())
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FREQ={}", self.freq)?;
        if self.interval != 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        if let Some(count) = self.count {
            write!(f, ";COUNT={count}")?;
        }
        match self.until {
            Some(Until::Instant(until)) => write!(f, ";UNTIL={}", until.format("%Y%m%dT%H%M%SZ"))?,
            Some(Until::Local(until)) => write!(f, ";UNTIL={}", until.format("%Y%m%dT%H%M%S"))?,
            Some(Until::Date(until)) => write!(f, ";UNTIL={}", until.format("%Y%m%d"))?,
            None => {}
        }
        list(f, "BYMONTH", &self.by_month)?;
        list(f, "BYWEEKNO", &self.by_week_no)?;
        list(f, "BYYEARDAY", &self.by_year_day)?;
        list(f, "BYMONTHDAY", &self.by_month_day)?;
        list(f, "BYDAY", &self.by_day)?;
        list(f, "BYHOUR", &self.by_hour)?;
        list(f, "BYMINUTE", &self.by_minute)?;
        list(f, "BYSECOND", &self.by_second)?;
        list(f, "BYSETPOS", &self.by_set_pos)?;
        if self.week_start != Weekday::Mon {
            write!(f, ";WKST={}", name(self.week_start))?;
        }
        Ok(())
    }
}

fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, part: &str, values: &[T]) -> fmt::Result {
    for (index, value) in values.iter().enumerate() {
        match index {
            0 => write!(f, ";{part}={value}")?,
            _ => write!(f, ",{value}")?,
        }
    }
    Ok(())
}

impl FromStr for Rule {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        Rule::parse(text)
    }
}

impl TryFrom<String> for Rule {
    type Error = Violation;

    fn try_from(text: String) -> Result<Self, Violation> {
        read::rule(&text)
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> String {
        rule.to_string()
    }
}
