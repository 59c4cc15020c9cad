//! RRULE as files have it: UNTIL is of the kind DTSTART is (section 3.3.10).

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use domain::{Due, Zone, wall_clock::resolve};

use super::times::{date_text, utc_text};

/// A rule of ours for a file: the end of a day is an instant where the start is one.
pub(super) fn for_file(rule: &str, start: &Due) -> String {
    map_until(rule, |until| {
        let date = NaiveDate::parse_from_str(until.get(..8)?, "%Y%m%d").ok()?;
        match start {
            Due::AllDay { .. } => Some(date_text(date)),
            Due::At { .. } if until.ends_with('Z') => None,
            Due::At { zone, .. } => {
                let local = NaiveDateTime::parse_from_str(until, "%Y%m%dT%H%M%S");
                let local = local.unwrap_or_else(|_| date.and_time(last_second()));
                Some(utc_text(resolve(local, *zone)))
            }
        }
    })
}

/// A file's rule for us: a day where the start is one, even if the file says more.
pub(super) fn from_file(rule: &str, start: &Due) -> String {
    map_until(rule, |until| match start {
        Due::AllDay { .. } => until.get(..8).map(str::to_owned),
        Due::At { .. } => None,
    })
}

fn last_second() -> NaiveTime {
    NaiveTime::from_hms_opt(23, 59, 59).unwrap_or_default()
}

fn map_until(rule: &str, change: impl Fn(&str) -> Option<String>) -> String {
    let parts = rule.trim().split(';').map(|part| match part.split_once('=') {
        Some((name, until)) if name.eq_ignore_ascii_case("UNTIL") => {
            format!("UNTIL={}", change(until).unwrap_or_else(|| until.to_owned()))
        }
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join(";")
}

/// The wall and its zone of a due time, midnight if it is a day.
pub(super) fn at(due: &Due, local: NaiveDateTime) -> Due {
    match due {
        Due::AllDay { .. } => Due::AllDay { date: local.date() },
        Due::At { zone, .. } => Due::At { local, zone: *zone },
    }
}

/// The zone of a due time, if it has one of its own.
pub(super) fn zone(due: &Due) -> Option<Zone> {
    match due {
        Due::AllDay { .. } => None,
        Due::At { zone, .. } => Some(*zone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn until_is_of_the_kind_the_start_is() {
        let timed = Due::parse(None, Some("2026-12-01T09:00:00"), Some("Europe/Berlin")).unwrap();
        let day = Due::parse(Some("2026-12-01"), None, None).unwrap();
        for (rule, start, written) in [
            ("FREQ=DAILY;UNTIL=20261224", &timed, "FREQ=DAILY;UNTIL=20261224T225959Z"),
            ("FREQ=DAILY;UNTIL=20261224T090000", &timed, "FREQ=DAILY;UNTIL=20261224T080000Z"),
            ("FREQ=DAILY;UNTIL=20261224T080000Z", &timed, "FREQ=DAILY;UNTIL=20261224T080000Z"),
            ("FREQ=DAILY;UNTIL=20261224T080000Z", &day, "FREQ=DAILY;UNTIL=20261224"),
            ("FREQ=DAILY;COUNT=3", &day, "FREQ=DAILY;COUNT=3"),
        ] {
            assert_eq!(for_file(rule, start), written);
        }
    }
}
