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
            .ok_or_else(|| ("unknown_zone", format!("The zone {id} is not an IANA time zone.")))
    }
}

/// `Europe/Berlin`, or with a prefix, as in `/mozilla.org/20070129_1/Europe/Berlin`.
fn named(id: &str) -> Option<Zone> {
    let parts: Vec<&str> = id.trim().trim_matches('/').split('/').collect();
    (0..parts.len()).find_map(|from| Zone::parse(&parts[from..].join("/")).ok())
}

/// When it is due. An instant is taken to the person's wall, and a floating time is on it.
pub(super) fn due(property: &Property, zones: &Zones, user: &UserZone) -> Result<Due, Wrong> {
    let value = property.value.trim();
    let due = if property.param("VALUE") == Some("DATE") || value.len() == 8 {
        Due::AllDay { date: NaiveDate::parse_from_str(value, DATE).map_err(|_| wrong(value))? }
    } else if value.ends_with(['Z', 'z']) {
        Due::At { local: user.zone.local(instant(value)?), zone: user.zone }
    } else {
        let zone = property.param("TZID").map_or(Ok(user.zone), |id| zones.find(id))?;
        Due::At { local: local(value)?, zone }
    };
    due.check().map_err(|violation| ("out_of_range", violation.detail))?;
    Ok(due)
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
    let shown: String = value.chars().take(40).collect();
    ("invalid_time", format!("{shown} is not a date or time of RFC 5545."))
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
