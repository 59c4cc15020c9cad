//! How long before its due time a task reminds: RFC 5545 section 3.3.6 `dur-value`.
//!
//! Days and weeks are nominal, the time part is exact: over a change of the clocks `P1D` is the same time
//! on the wall the day before, `PT24H` is 24 hours.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Days, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    due::{Due, UserZone},
    violation::Violation,
    wall_clock::resolve,
};

const DAY: u64 = 86_400;

/// From nothing to 366 days; prints the canonical form: `PT90M` as `PT1H30M`, `P7D` as `P1W`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lead {
    days: u32,
    seconds: u32,
}

impl Lead {
    pub const MAX_DAYS: u32 = 366;

    /// Violations are at `before`.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let (days, seconds) = read(text)?;
        let total = days.checked_mul(DAY).and_then(|nominal| nominal.checked_add(seconds));
        if total.is_none_or(|total| total > u64::from(Self::MAX_DAYS) * DAY) {
            return Err(too_long());
        }
        let narrow = |value: u64| u32::try_from(value).map_err(|_| too_long());
        Ok(Lead { days: narrow(days)?, seconds: narrow(seconds)? })
    }

    /// Its nominal days.
    pub fn days(&self) -> u32 {
        self.days
    }

    /// Its exact part, in seconds.
    pub fn seconds(&self) -> u32 {
        self.seconds
    }

    /// The instant that lies this long before a due time.
    ///
    /// The days are stepped on the wall clock, then the exact part is taken from the instant found there.
    pub fn before(&self, due: &Due, user: &UserZone) -> DateTime<Utc> {
        let (local, zone) = due.on_the_wall(user);
        let day = local.checked_sub_days(Days::new(self.days.into())).unwrap_or(local);
        let instant = resolve(day, zone);
        instant.checked_sub_signed(TimeDelta::seconds(self.seconds.into())).unwrap_or(instant)
    }
}

/// Nominal days and exact seconds, not yet bounded.
fn read(text: &str) -> Result<(u64, u64), Violation> {
    if text.starts_with('-') {
        return Err(Violation::new("before", "negative", "The time before the due time is not negative."));
    }
    let rest = text.strip_prefix('+').unwrap_or(text).strip_prefix('P').ok_or_else(invalid)?;
    let (date, time) = match rest.split_once('T') {
        Some((date, time)) if !time.is_empty() => (date, time),
        None if !rest.is_empty() => (rest, ""),
        _ => return Err(invalid()),
    };
    let nominal = if date.ends_with('W') && time.is_empty() {
        sum(date, &[('W', 7)])?
    } else {
        sum(date, &[('D', 1)])?
    };
    Ok((nominal, sum(time, &[('H', 3600), ('M', 60), ('S', 1)])?))
}

/// Adds up `1H30M` by the worth of each unit; units come in the given order, each at most once.
pub(crate) fn sum(text: &str, units: &[(char, u64)]) -> Result<u64, Violation> {
    let (mut rest, mut units, mut total) = (text, units.iter(), 0_u64);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).filter(|end| *end > 0).ok_or_else(invalid)?;
        let (digits, tail) = rest.split_at(end);
        let mut tail = tail.chars();
        let unit = tail.next();
        let (_, worth) = units.find(|(name, _)| Some(*name) == unit).ok_or_else(invalid)?;
        // Only digits are left, so failing to parse means that there are too many of them.
        let count: u64 = digits.parse().map_err(|_| too_long())?;
        total = count.checked_mul(*worth).and_then(|part| total.checked_add(part)).ok_or_else(too_long)?;
        rest = tail.as_str();
    }
    Ok(total)
}

fn invalid() -> Violation {
    let detail =
        "A duration looks like PT10M, P1D, P1DT2H or P1W; years, months and fractions have no fixed length.";
    Violation::new("before", "invalid_duration", detail)
}

fn too_long() -> Violation {
    Violation::new("before", "too_long", format!("At most {} days before.", Lead::MAX_DAYS))
}

impl fmt::Display for Lead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hours, minutes, seconds) = (self.seconds / 3600, self.seconds / 60 % 60, self.seconds % 60);
        match (self.days, self.seconds) {
            (0, 0) => return f.write_str("PT0S"),
            (days, 0) if days % 7 == 0 => return write!(f, "P{}W", days / 7),
            (0, _) => f.write_str("P")?,
            (days, _) => write!(f, "P{days}D")?,
        }
        if self.seconds > 0 {
            f.write_str("T")?;
        }
        if hours > 0 {
            write!(f, "{hours}H")?;
        }
        // The grammar has no seconds right after hours: PT1H0M30S.
        if minutes > 0 || (hours > 0 && seconds > 0) {
            write!(f, "{minutes}M")?;
        }
        if seconds > 0 {
            write!(f, "{seconds}S")?;
        }
        Ok(())
    }
}

impl FromStr for Lead {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        Lead::parse(text)
    }
}

impl TryFrom<String> for Lead {
    type Error = Violation;

    fn try_from(text: String) -> Result<Self, Violation> {
        Lead::parse(&text)
    }
}

impl From<Lead> for String {
    fn from(lead: Lead) -> String {
        lead.to_string()
    }
}
