//! Where a time on the wall lies in time, also after the zone table ends.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, Offset, TimeDelta, Utc};

use crate::wall_clock::{YEARS, Zone, resolve};

/// A time on the wall, and what became of it in its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) local: NaiveDateTime,
    pub(super) instant: DateTime<Utc>,
    pub(super) offset: FixedOffset,
    /// The zone skips this time, so it was moved forward by the gap.
    pub(super) shifted: bool,
}

pub(super) fn place(local: NaiveDateTime, zone: Zone) -> Placed {
    let in_table = stand_in(local);
    let instant = resolve(in_table, zone);
    let shown = zone.local(instant);
    let east = (shown - instant.naive_utc()).num_seconds();
    let offset = i32::try_from(east).ok().and_then(FixedOffset::east_opt);
    Placed {
        local,
        instant: instant.checked_add_signed(local - in_table).unwrap_or(instant),
        offset: offset.unwrap_or(Utc.fix()),
        shifted: shown != in_table,
    }
}

/// Years whose rules are those that stay in force: Morocco's table of Ramadan ends in 2087.
const LAST_YEARS: RangeInclusive<i32> = 2088..=*YEARS.end();

/// The zone table ends, but the rules of its last years go by month and weekday; so a later date is read as
/// the same date in one of those years with the same weekdays from March on. No zone changes its clocks in
/// January or February then, so those may lie on other weekdays.
fn stand_in(local: NaiveDateTime) -> NaiveDateTime {
    if local.year() <= *YEARS.end() {
        return local;
    }
    let march_first = |year: i32| NaiveDate::from_ymd_opt(year, 3, 1).map(|date| date.weekday());
    let day = if (local.month(), local.day()) == (2, 29) { local - TimeDelta::days(1) } else { local };
    LAST_YEARS
        .rev()
        .find(|year| march_first(*year) == march_first(local.year()))
        .and_then(|year| day.with_year(year))
        .unwrap_or(local)
}
