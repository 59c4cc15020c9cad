use crate::given::{all_day, at_in_berlin, berlin, instant, zone};
use chrono::NaiveTime;
use domain::{Due, UserZone};
use serde_json::json;

#[test]
fn has_the_shape_of_the_api() {
    for (due, written) in [
        (all_day("2026-12-01"), json!({ "date": "2026-12-01" })),
        (
            at_in_berlin("2026-12-01T09:00:00"),
            json!({ "at": "2026-12-01T09:00:00", "zone": "Europe/Berlin" }),
        ),
    ] {
        assert_eq!(serde_json::to_value(due).expect("serialises"), written);
        assert_eq!(serde_json::from_value::<Due>(written).expect("reads"), due);
    }
}

#[test]
fn an_all_day_task_is_due_when_the_persons_day_starts() {
    let due = all_day("2026-07-01");
    assert_eq!(due.instant(&berlin()), instant("2026-07-01T07:00:00Z"));
    let early = UserZone {
        day_start: NaiveTime::from_hms_opt(6, 30, 0).expect("a time"),
        ..UserZone::new(zone("Asia/Tokyo"), 2)
    };
    assert_eq!(due.instant(&early), instant("2026-06-30T21:30:00Z"));
}

#[test]
fn a_time_stays_in_its_own_zone_wherever_the_person_is() {
    let tokyo = UserZone::new(zone("Asia/Tokyo"), 2);
    assert_eq!(at_in_berlin("2026-12-01T09:00:00").instant(&tokyo), instant("2026-12-01T08:00:00Z"));
}

#[test]
fn seconds_may_be_left_out() {
    let due = Due::parse(None, Some("2026-12-01T09:00"), Some("Europe/Berlin")).expect("fine");
    assert_eq!(due, at_in_berlin("2026-12-01T09:00:00"));
}

#[test]
fn what_is_wrong_is_named_where_it_is() {
    for (date, at, zone, expected) in [
        (Some("2026-13-01"), None, None, vec![("due.date", "invalid_date")]),
        (Some("2026-2-1"), None, None, vec![("due.date", "invalid_date")]),
        (Some("1969-12-31"), None, None, vec![("due.date", "out_of_range")]),
        (Some("2100-01-01"), None, None, vec![("due.date", "out_of_range")]),
        (None, Some("2026-12-01T09:00:60"), Some("UTC"), vec![("due.at", "invalid_local_time")]),
        (None, Some("2026-12-01T09:00:00Z"), Some("UTC"), vec![("due.at", "invalid_local_time")]),
        (None, Some("2026-12-01T09:00:00.5"), Some("UTC"), vec![("due.at", "invalid_local_time")]),
        (None, Some("2100-01-01T00:00:00"), Some("UTC"), vec![("due.at", "out_of_range")]),
        (None, Some("2026-12-01T09:00:00"), Some("Berlin"), vec![("due.zone", "unknown_zone")]),
        (
            None,
            Some("soon"),
            Some("here"),
            vec![("due.at", "invalid_local_time"), ("due.zone", "unknown_zone")],
        ),
        (None, Some("2026-12-01T09:00:00"), None, vec![("due", "date_or_at_and_zone")]),
        (Some("2026-12-01"), Some("2026-12-01T09:00:00"), Some("UTC"), vec![("due", "date_or_at_and_zone")]),
        (None, None, None, vec![("due", "date_or_at_and_zone")]),
    ] {
        let violations = Due::parse(date, at, zone).expect_err("should be refused");
        let found: Vec<_> = violations.iter().map(|v| (v.field.as_str(), &*v.rule)).collect();
        assert_eq!(found, expected, "{date:?} {at:?} {zone:?}");
    }
}

#[test]
fn a_user_zone_starts_the_day_at_nine_unless_it_says_otherwise() {
    let user: UserZone =
        serde_json::from_value(json!({ "zone": "Europe/Berlin", "version": 1 })).expect("reads");
    assert_eq!(user, berlin());
}
