//! From what a clock on the wall shows, in some zone, to the instant it means.
//!
//! Rules are kept in wall clock and IANA zone; instants are computed from them and are UTC.

use std::{fmt, ops::RangeInclusive};

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::{GapInfo, Tz};
use serde::{Deserialize, Serialize};

use crate::violation::Violation;

/// Years a date may lie in: from the epoch to where the zone table's transitions end.
pub const YEARS: RangeInclusive<i32> = 1970..=2099;

/// Release of the IANA zone table that [`resolve`] uses, such as `2025b`.
pub const TZDATA_VERSION: &str = chrono_tz::IANA_TZDB_VERSION;

/// An IANA time zone, written by its name: `Europe/Berlin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Zone(Tz);

impl Zone {
    pub const UTC: Zone = Zone(Tz::UTC);

    /// Violations are at `zone`.
    pub fn parse(name: &str) -> Result<Self, Violation> {
        name.parse().map(Zone).map_err(|_| {
            let detail = "No such IANA time zone; one looks like Europe/Berlin.";
            Violation::new("zone", "unknown_zone", detail)
        })
    }

    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// What the wall clock shows in this zone at an instant.
    pub fn local(self, instant: DateTime<Utc>) -> NaiveDateTime {
        let offset = self.0.offset_from_utc_datetime(&instant.naive_utc()).fix();
        instant.naive_utc().checked_add_offset(offset).unwrap_or(instant.naive_utc())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The instant of a wall-clock time, by RFC 5545 section 3.3.5: a time that a zone skips is read with the
/// offset from before the gap, one that it repeats is its first occurrence.
///
/// So a skipped 02:30 is 03:30, an instant *after* that of 03:00: order holds among times that exist.
pub fn resolve(local: NaiveDateTime, zone: Zone) -> DateTime<Utc> {
    let offset = match zone.0.offset_from_local_datetime(&local) {
        MappedLocalTime::Single(offset) | MappedLocalTime::Ambiguous(offset, _) => offset,
        MappedLocalTime::None => match GapInfo::new(&local, &zone.0).and_then(|gap| gap.begin) {
            Some((_, before)) => before,
            // No zone starts with a gap; the offset at about that time is the best answer left.
            None => zone.0.offset_from_utc_datetime(&local),
        },
    };
    local.checked_sub_offset(offset.fix()).unwrap_or(local).and_utc()
}
