//! When a task is due: a whole day, or a time on the wall in some zone.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    violation::{Violation, Violations},
    wall_clock::{YEARS, Zone, resolve},
};

const DATE: &str = "%Y-%m-%d";
const LOCAL: &str = "%Y-%m-%dT%H:%M:%S";

/// Written `{"date":"2026-12-01"}` or `{"at":"2026-12-01T09:00:00","zone":"Europe/Berlin"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum Due {
    /// The day wherever the person is; it counts from their day start.
    AllDay { date: NaiveDate },
    /// A time on the wall that stays put when the person travels.
    At { local: NaiveDateTime, zone: Zone },
}

/// A user's zone setting, as of a version of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserZone {
    pub zone: Zone,
    /// Raised by each change of the setting, so that an older one can be told.
    #[serde(default)]
    pub version: u32,
    /// When an all-day task begins to matter.
    #[serde(default = "default_day_start")]
    pub day_start: NaiveTime,
}

impl UserZone {
    /// With the day starting at 09:00.
    pub fn new(zone: Zone, version: u32) -> Self {
        UserZone { zone, version, day_start: default_day_start() }
    }
}

fn default_day_start() -> NaiveTime {
    NaiveTime::from_hms_opt(9, 0, 0).expect("09:00 is a time")
}

impl Due {
    /// Reads the API's three members; violations are at `due`, `due.date`, `due.at` or `due.zone`.
    pub fn parse(date: Option<&str>, at: Option<&str>, zone: Option<&str>) -> Result<Self, Violations> {
        let due = match (date, at, zone) {
            (Some(date), None, None) => {
                Due::AllDay { date: parse_date(date).map_err(|violation| violation.at("due.date"))? }
            }
            (None, Some(at), Some(zone)) => {
                let zone = Zone::parse(zone).map_err(|violation| violation.at("due.zone"));
                let local = parse_local(at);
                let found = [local.as_ref().err(), zone.as_ref().err()];
                Violations::check(found.into_iter().flatten().cloned().collect())?;
                Due::At { local: local?, zone: zone? }
            }
            _ => {
                let detail = "Give either a date, or a local time `at` with its zone.";
                return Err(Violation::new("due", "date_or_at_and_zone", detail).into());
            }
        };
        due.check()?;
        Ok(due)
    }

    /// Whether it lies in a year the zone table covers; violations are at `due.date` or `due.at`.
    pub fn check(&self) -> Result<(), Violation> {
        let (field, year) = match self {
            Due::AllDay { date } => ("due.date", date.year()),
            Due::At { local, .. } => ("due.at", local.year()),
        };
        if YEARS.contains(&year) {
            return Ok(());
        }
        let detail = format!("The year is from {} to {}.", YEARS.start(), YEARS.end());
        Err(Violation::new(field, "out_of_range", detail))
    }

    /// The instant it falls due; an all-day one at the user's day start.
    pub fn instant(&self, user: &UserZone) -> DateTime<Utc> {
        let (local, zone) = self.on_the_wall(user);
        resolve(local, zone)
    }

    /// The time on its wall, or the midnight that its date begins with: what names it in a series.
    pub fn named(&self) -> NaiveDateTime {
        match *self {
            Due::AllDay { date } => date.and_time(NaiveTime::MIN),
            Due::At { local, .. } => local,
        }
    }

    /// The wall-clock time it falls due, and the zone of that wall.
    pub(crate) fn on_the_wall(&self, user: &UserZone) -> (NaiveDateTime, Zone) {
        match *self {
            Due::AllDay { date } => (date.and_time(user.day_start), user.zone),
            Due::At { local, zone } => (local, zone),
        }
    }
}

/// Strict, by writing the value again: chrono would also take `2026-1-5` or a leap second.
///
/// Violations are at `date`.
pub fn parse_date(text: &str) -> Result<NaiveDate, Violation> {
    NaiveDate::parse_from_str(text, DATE)
        .ok()
        .filter(|date| date.format(DATE).to_string() == text)
        .ok_or_else(|| Violation::new("date", "invalid_date", "A date looks like 2026-12-01."))
}

fn parse_local(text: &str) -> Result<NaiveDateTime, Violation> {
    // HTML's datetime-local leaves out seconds that are zero.
    let full = if text.len() == "2026-12-01T09:00".len() { format!("{text}:00") } else { text.to_owned() };
    NaiveDateTime::parse_from_str(&full, LOCAL)
        .ok()
        .filter(|local| local.nanosecond() == 0 && local.format(LOCAL).to_string() == full)
        .ok_or_else(|| {
            let detail = "A local time looks like 2026-12-01T09:00:00, without offset.";
            Violation::new("due.at", "invalid_local_time", detail)
        })
}

/// The JSON shape of a [`Due`].
#[derive(Serialize, Deserialize)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
}

impl TryFrom<Written> for Due {
    type Error = Violations;

    fn try_from(written: Written) -> Result<Self, Violations> {
        Due::parse(written.date.as_deref(), written.at.as_deref(), written.zone.as_deref())
    }
}

impl From<Due> for Written {
    fn from(due: Due) -> Self {
        match due {
            Due::AllDay { date } => {
                Written { date: Some(date.format(DATE).to_string()), at: None, zone: None }
            }
            Due::At { local, zone } => Written {
                date: None,
                at: Some(local.format(LOCAL).to_string()),
                zone: Some(zone.name().to_owned()),
            },
        }
    }
}
