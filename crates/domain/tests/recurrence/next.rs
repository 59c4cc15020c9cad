//! Which instance follows.

use std::time::Duration;

use domain::{CountedFrom, Missed, Recurrence};

use crate::given::{instant, local, series, series_by, shown, time, user};

#[test]
fn missed_ones_are_skipped_or_kept() {
    let next = |missed| {
        let daily = series_by("FREQ=DAILY", "2026-01-01T09:00:00", "Europe/Berlin", CountedFrom::Due, missed);
        let done = instant("2026-01-05T12:00:00Z");
        shown(&daily.next(&user("Europe/Berlin"), local("2026-01-01T09:00:00"), done, 1).unwrap())
    };
    assert_eq!(next(Missed::Skip), "2026-01-06T09:00:00+01:00");
    assert_eq!(next(Missed::KeepEach), "2026-01-02T09:00:00+01:00");
}

#[test]
fn one_done_early_is_followed_by_the_one_after_it() {
    let weekly = series("FREQ=WEEKLY", "2026-01-05", "");
    let next =
        weekly.next_from_due(&user("UTC"), local("2026-01-12T00:00:00"), instant("2026-01-06T12:00:00Z"));
    assert_eq!(shown(&next.unwrap()), "2026-01-19");
}

#[test]
fn one_that_was_moved_to_a_later_time_does_not_follow_itself() {
    for from in [CountedFrom::Due, CountedFrom::Completion] {
        let weekly = series_by("FREQ=WEEKLY", "2026-01-05T09:00:00", "UTC", from, Missed::Skip);
        let moved = weekly
            .with_moved(local("2026-01-05T09:00:00"), local("2026-01-09T09:00:00"))
            .and_then(|weekly| weekly.with_moved(local("2026-01-12T09:00:00"), local("2026-01-13T10:00:00")))
            .unwrap();
        // Each is done before it was due.
        let next =
            |named: &str, done: &str| moved.next(&user("UTC"), local(named), instant(done), 1).unwrap();
        let second = match from {
            CountedFrom::Due => "2026-01-13T10:00:00+00:00",
            CountedFrom::Completion => "2026-01-12T09:00:00+00:00",
        };
        assert_eq!(shown(&next("2026-01-05T09:00:00", "2026-01-05T08:00:00Z")), second);
        let third = next("2026-01-12T09:00:00", "2026-01-12T08:00:00Z");
        assert_eq!(shown(&third), "2026-01-19T09:00:00+00:00");
    }
}

#[test]
fn an_all_day_one_counts_as_begun_for_the_users_whole_day() {
    let daily = series("FREQ=DAILY", "2026-01-01", "");
    let next = |zone: &str| {
        // Early on the 5th in New York, late on it in Tokyo.
        let done = instant("2026-01-05T14:00:00Z");
        shown(&daily.next_from_due(&user(zone), local("2026-01-01T00:00:00"), done).unwrap())
    };
    assert_eq!((next("America/New_York"), next("Asia/Tokyo")), ("2026-01-06".into(), "2026-01-06".into()));
}

#[test]
fn done_at_8_pm_in_new_york_counts_that_day() {
    let user = user("America/New_York");
    // The 6th by UTC.
    let done = instant("2026-01-06T01:00:00Z");
    let next = |rule: &str, at: &str| {
        let zone = "America/New_York";
        let series = series_by(rule, at, zone, CountedFrom::Completion, Missed::Skip);
        shown(&series.next(&user, local("2026-01-01T09:00:00"), done, 1).unwrap())
    };
    assert_eq!(next("FREQ=DAILY;INTERVAL=3", "2026-01-01"), "2026-01-08");
    assert_eq!(next("FREQ=DAILY;INTERVAL=3", "2026-01-01T09:00:00"), "2026-01-08T09:00:00-05:00");
    assert_eq!(next("FREQ=DAILY", "2026-01-01T21:00:00"), "2026-01-06T21:00:00-05:00");
    assert_eq!(next("FREQ=WEEKLY", "2026-01-01"), "2026-01-12");
    assert_eq!(next("FREQ=WEEKLY;BYDAY=MO", "2026-01-01"), "2026-01-12");
    assert_eq!(next("FREQ=MONTHLY", "2026-01-01"), "2026-02-05");
    assert_eq!(next("FREQ=HOURLY;INTERVAL=4", "2026-01-01T09:00:00"), "2026-01-06T00:00:00-05:00");
    assert_eq!(next("FREQ=DAILY;BYHOUR=9,22", "2026-01-01T09:00:00"), "2026-01-05T22:00:00-05:00");
}

#[test]
fn the_day_of_completion_is_the_users_though_the_series_has_its_own_zone() {
    let series =
        series_by("FREQ=DAILY", "2026-01-01T09:00:00", "Asia/Tokyo", CountedFrom::Completion, Missed::Skip);
    let next = series.next_from_completion(&user("America/New_York"), instant("2026-01-06T01:00:00Z"), 1);
    assert_eq!(shown(&next.unwrap()), "2026-01-06T09:00:00+09:00");
}

#[test]
fn count_until_and_an_end_end_a_series() {
    let user = user("UTC");
    let done = instant("2026-01-02T20:00:00Z");
    let next =
        |series: &Recurrence, made| series.next(&user, local("2026-01-02T00:00:00"), done, made).is_some();
    for from in [CountedFrom::Due, CountedFrom::Completion] {
        let by = |rule: &str| series_by(rule, "2026-01-01", "", from, Missed::Skip);
        assert!(next(&by("FREQ=DAILY;COUNT=3"), 2));
        assert!(!next(&by("FREQ=DAILY;COUNT=2"), 2));
        assert!(next(&by("FREQ=DAILY;UNTIL=20260103"), 2));
        assert!(!next(&by("FREQ=DAILY;UNTIL=20260102"), 2));
        assert!(!next(&by("FREQ=DAILY").ended_before(local("2026-01-03T00:00:00")), 2));
    }
    // Due times end where the zone table does.
    let last = series("FREQ=DAILY", "2099-12-31", "");
    assert_eq!(last.next(&user, local("2099-12-31T00:00:00"), instant("2099-12-31T12:00:00Z"), 1), None);
}

#[test]
fn a_moved_one_is_followed_from_where_it_belonged() {
    let weekly = series_by("FREQ=WEEKLY", "2026-01-05", "", CountedFrom::Due, Missed::KeepEach)
        .with_moved(local("2026-01-05T00:00:00"), local("2026-01-14T00:00:00"))
        .unwrap();
    let next =
        weekly.next_from_due(&user("UTC"), local("2026-01-05T00:00:00"), instant("2026-01-15T00:00:00Z"));
    assert_eq!(shown(&next.unwrap()), "2026-01-12");
}

#[test]
fn an_old_series_is_not_walked_from_its_start() {
    let user = user("Europe/Berlin");
    let now = instant("2026-03-29T00:30:00Z");
    for rule in [
        "FREQ=HOURLY",
        "FREQ=HOURLY;INTERVAL=7;BYMONTH=3",
        "FREQ=DAILY;BYHOUR=1,2,3",
        "FREQ=WEEKLY;INTERVAL=3",
    ] {
        let old = series(rule, "1976-01-05T00:00:00", "Europe/Berlin");
        assert!(old.next_after(&user, now).unwrap().instant > now);
        // In a debug build; a release build takes some hundredths of a millisecond.
        let allowed = Duration::from_millis(5);
        assert!(time(allowed, || old.next_after(&user, now)) <= allowed, "{rule}");
    }
    let hourly = series("FREQ=HOURLY", "1976-01-05T00:00:00", "Europe/Berlin");
    assert_eq!(shown(&hourly.next_after(&user, now).unwrap()), "2026-03-29T03:00:00+02:00");
}
