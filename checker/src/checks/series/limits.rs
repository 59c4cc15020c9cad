//! COUNT and UNTIL, of the rule as the client asked for it. A series that a person changed is not judged here, nor
//! when exactly one with COUNT or UNTIL ends: occurrences that were missed count, too.

use chrono::{NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::Series;
use crate::{Evidence, Rule, Violation, evidence::Task, log::Operation};

pub(super) const OVERRAN: Rule = Rule::new("series-overran", "A series ends by its COUNT or UNTIL.");
pub(super) const ENDED: Rule = Rule::new("series-ended-early", "A series ends by nothing else.");

pub(super) fn check(evidence: &Evidence, series: &Series<'_>) -> Vec<Violation> {
    let Some(rule) = asked(evidence, series).filter(|_| !series.edited) else { return Vec::new() };
    let subject = format!("series {}", series.id);
    let (count, until) =
        (part(&rule, "COUNT").and_then(|count| count.parse::<usize>().ok()), part(&rule, "UNTIL"));
    let standing = series.tasks.iter().filter(|task| !is_withdrawn(series, task)).count();
    let mut found = Vec::new();
    if let Some(count) = count.filter(|count| standing > *count) {
        found.push(OVERRAN.broken(&subject, format!("{standing} instances of {count}")));
    }
    let late = series.tasks.iter().find(|task| until.is_some_and(|until| is_after(task, until)));
    if let Some(task) = late {
        found.push(OVERRAN.broken(&subject, format!("task {} lies after UNTIL in {rule}", task.id)));
    }
    let over = series.ledger.values().any(|entry| entry.status == "over");
    if over && until.is_none() && count.is_none() {
        found.push(ENDED.broken(&subject, format!("it is over after {standing} instances of {rule}")));
    }
    found
}

/// The RRULE under which a client made the first instance.
fn asked(evidence: &Evidence, series: &Series<'_>) -> Option<String> {
    let operations = series.tasks.iter().flat_map(|task| evidence.operations(task.id));
    let mut rules = operations.filter_map(|operation| match &operation.what {
        Operation::Create { recurrence, .. } => recurrence.clone(),
        _ => None,
    });
    rules.next()
}

/// A part of an RRULE, such as the 5 of `COUNT=5`.
fn part<'a>(rule: &'a str, name: &str) -> Option<&'a str> {
    let parts = rule.trim_start_matches("RRULE:").split(';').filter_map(|part| part.split_once('='));
    parts.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Made, and taken back because its predecessor was reopened.
fn is_withdrawn(series: &Series<'_>, task: &Task) -> bool {
    task.deleted
        && series.ledger.values().any(|entry| entry.next_id == task.id && entry.status == "withdrawn")
}

/// Compared on the wall, or as instants where UNTIL is one. A form this does not know is not judged.
fn is_after(task: &Task, until: &str) -> bool {
    let Some(occurrence) = task.occurrence() else { return false };
    if let Ok(date) = NaiveDate::parse_from_str(until, "%Y%m%d") {
        return occurrence.date() > date;
    }
    if let Ok(local) = NaiveDateTime::parse_from_str(until, "%Y%m%dT%H%M%S") {
        return occurrence > local;
    }
    let Ok(instant) = NaiveDateTime::parse_from_str(until, "%Y%m%dT%H%M%SZ") else { return false };
    let Some(zone) = zone(task) else { return false };
    zone.from_local_datetime(&occurrence)
        .earliest()
        .is_some_and(|occurs| occurs > Utc.from_utc_datetime(&instant))
}

fn zone(task: &Task) -> Option<Tz> {
    task.state["due"]["zone"].as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn until_is_a_day_a_time_on_the_wall_or_an_instant() {
        let task = |occurrence: &str| Task {
            id: Uuid::nil(),
            version: 1,
            owner: Uuid::nil(),
            done: false,
            deleted: false,
            state: json!({"series": {"occurrence": occurrence}, "due": {"zone": "Europe/Berlin"}}),
        };
        // Nine in Berlin is eight in UTC, in winter.
        let nine = task("2026-12-01T09:00:00");
        for (until, after) in [
            ("20261201", false),
            ("20261130", true),
            ("20261201T090000", false),
            ("20261201T085959", true),
            ("20261201T080000Z", false),
            ("20261201T075959Z", true),
        ] {
            assert_eq!(is_after(&nine, until), after, "{until}");
        }
    }

    #[test]
    fn parts_of_a_rule_are_found() {
        assert_eq!(part("FREQ=DAILY;COUNT=5", "COUNT"), Some("5"));
        assert_eq!(part("RRULE:freq=DAILY;until=20261201T080000Z", "UNTIL"), Some("20261201T080000Z"));
        assert_eq!(part("FREQ=DAILY", "COUNT"), None);
    }
}
