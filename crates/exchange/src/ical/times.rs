//! Dates and times (sections 3.3.4, 3.3.5): a DATE, a time with TZID, one in UTC, or a floating one.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use domain::{Due, UserZone, Zone, wall_clock::resolve};

use super::lines::{Component, Property};

const DATE: &str = "%Y%m%d";
const LOCAL: &str = "%Y%m%dT%H%M%S";

/// Why a time cannot be taken: the rule and the detail.
pub(super) type Wrong = (&'static str, String);

/// The zones a file defines.
#[derive(Debug, Default)]
pub(super) struct Zones(HashMap<String, Option<Zone>>);

impl Zones {
    /// By their IANA names, which a file's definitions may give beside names of their own.
    pub(super) fn of(calendar: &Component) -> Self {
        let zones = calendar.components.iter().filter(|component| component.name == "VTIMEZONE");
        Zones(
            zones
                .filter_map(|zone| {
                    let id = zone.property("TZID")?.value.clone();
                    let given = zone.property("X-LIC-LOCATION").map(|location| location.value.as_str());
                    let found = given.and_then(named).or_else(|| named(&id));
                    Some((id, found))
                })
                .collect(),
        )
    }

    fn find(&self, id: &str) -> Result<Zone, Wrong> {
        self.0
            .get(id)
            .copied()
            .flatten()
            .or_else(|| named(id))
            .ok_or_else(|| ("unknown_zone", format!("The zone {} is not an IANA time zone.", shown(id))))
    }
}

/// `Europe/Berlin`, or with a prefix, as in `/mozilla.org/20070129_1/Europe/Berlin`.
fn named(id: &str) -> Option<Zone> {
    let id = id.trim().trim_matches('/');
    // No name has more than three parts: America/Argentina/Salta.
    let mut starts: Vec<usize> = id.rmatch_indices('/').take(3).map(|(slash, _)| slash + 1).collect();
    if starts.len() < 3 {
        starts.push(0);
    }
    starts.into_iter().rev().find_map(|start| Zone::parse(&id[start..]).ok())
}

/// How the values of a property are to be read: found out once, however many they are.
pub(super) struct Reader {
    days: bool,
    user: Zone,
    zone: Result<Zone, Wrong>,
}

impl Reader {
    pub(super) fn of(property: &Property, zones: &Zones, user: &UserZone) -> Self {
        let zone = property.param("TZID").map_or(Ok(user.zone), |id| zones.find(id));
        Self { days: property.param("VALUE") == Some("DATE"), user: user.zone, zone }
    }

    /// An instant is taken to the person's wall, and a floating time is on it.
    pub(super) fn due(&self, value: &str) -> Result<Due, Wrong> {
        let value = value.trim();
        let due = if self.days || value.len() == 8 {
            Due::AllDay { date: NaiveDate::parse_from_str(value, DATE).map_err(|_| wrong(value))? }
        } else if value.ends_with(['Z', 'z']) {
            Due::At { local: self.user.local(instant(value)?), zone: self.user }
        } else {
            Due::At { zone: self.zone.clone()?, local: local(value)? }
        };
        due.check().map_err(|violation| ("out_of_range", violation.detail))?;
        Ok(due)
    }
}

/// When it is due.
pub(super) fn due(property: &Property, zones: &Zones, user: &UserZone) -> Result<Due, Wrong> {
    Reader::of(property, zones, user).due(&property.value)
}

pub(super) fn instant(value: &str) -> Result<DateTime<Utc>, Wrong> {
    let local = value.strip_suffix(['Z', 'z']).ok_or_else(|| wrong(value)).and_then(local)?;
    Ok(local.and_utc())
}

fn local(value: &str) -> Result<NaiveDateTime, Wrong> {
    NaiveDateTime::parse_from_str(value, LOCAL)
        .ok()
        .filter(|local| local.format(LOCAL).to_string() == value)
        .ok_or_else(|| wrong(value))
}

fn wrong(value: &str) -> Wrong {
    ("invalid_time", format!("{} is not a date or time of RFC 5545.", shown(value)))
}

/// As much of it as tells which it is.
fn shown(value: &str) -> String {
    value.chars().take(40).collect()
}

pub(super) fn date_text(date: NaiveDate) -> String {
    date.format(DATE).to_string()
}

pub(super) fn utc_text(instant: DateTime<Utc>) -> String {
    instant.format("%Y%m%dT%H%M%SZ").to_string()
}

/// The parameters and the value of a time.
pub(super) fn written(due: &Due) -> (String, String) {
    match due {
        Due::AllDay { date } => (";VALUE=DATE".to_owned(), date_text(*date)),
        Due::At { local, zone } if *zone == Zone::UTC => (String::new(), utc_text(resolve(*local, *zone))),
        Due::At { local, zone } => (format!(";TZID={zone}"), local.format(LOCAL).to_string()),
    }
}
