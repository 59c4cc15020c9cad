//! Where a range of time begins or ends: at an instant, or with a day of the person.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use domain::{
    UserZone, Violation,
    wall_clock::{YEARS, resolve},
};

/// The first moment inside, or the first one outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) at: DateTime<Utc>,
    /// The first day inside or outside, for tasks that are due on a day: those follow the person.
    pub(crate) day: Option<NaiveDate>,
}

impl Bound {
    /// With this day of the person, or just before it.
    pub(crate) fn day(day: NaiveDate, zone: &UserZone) -> Self {
        Self { at: resolve(day.and_time(NaiveTime::MIN), zone.zone), day: Some(day) }
    }

    /// What a task must be due before to be overdue.
    pub(crate) fn now(now: DateTime<Utc>, zone: &UserZone) -> Self {
        Self { at: now, day: Some(today(now, zone)) }
    }

    pub(super) fn from(text: &str, zone: &UserZone) -> Result<Self, Violation> {
        match date(text) {
            Some(day) => Ok(Self::day(in_years(day)?, zone)),
            None => instant(text),
        }
    }

    /// A day is inside; an instant is not.
    pub(super) fn to(text: &str, zone: &UserZone) -> Result<Self, Violation> {
        match date(text) {
            Some(day) => Ok(Self::day(in_years(day)? + Days::new(1), zone)),
            None => instant(text),
        }
    }
}

/// The person's day.
pub(crate) fn today(now: DateTime<Utc>, zone: &UserZone) -> NaiveDate {
    zone.zone.local(now).date()
}

/// A day by itself.
pub(super) fn only_date(text: &str) -> Result<NaiveDate, Violation> {
    date(text)
        .ok_or_else(|| Violation::new("", "invalid_date", "A day looks like 2026-12-01."))
        .and_then(in_years)
}

fn date(text: &str) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (day.format("%Y-%m-%d").to_string() == text).then_some(day)
}

fn in_years(day: NaiveDate) -> Result<NaiveDate, Violation> {
    let year = chrono::Datelike::year(&day);
    if YEARS.contains(&year) { Ok(day) } else { Err(out_of_range()) }
}

fn instant(text: &str) -> Result<Bound, Violation> {
    let at: DateTime<Utc> = text.parse::<DateTime<chrono::FixedOffset>>().map(Into::into).map_err(|_| {
        let detail = "A day like 2026-12-01, or an instant like 2026-12-01T08:00:00Z.";
        Violation::new("", "invalid_time", detail)
    })?;
    if !YEARS.contains(&chrono::Datelike::year(&at)) {
        return Err(out_of_range());
    }
    Ok(Bound { at, day: None })
}

fn out_of_range() -> Violation {
    Violation::new("", "out_of_range", format!("The year is from {} to {}.", YEARS.start(), YEARS.end()))
}
