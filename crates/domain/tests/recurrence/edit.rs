//! What a person changes of a series.

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::given::{all, local, series, shown, user};

#[test]
fn one_can_be_left_out_and_moved() {
    let user = user("UTC");
    let weekly = series("FREQ=WEEKLY;COUNT=4", "2026-01-05", "");
    let edited = weekly
        .without(local("2026-01-12T00:00:00"))
        .and_then(|series| series.with_moved(local("2026-01-19T00:00:00"), local("2026-01-20T00:00:00")))
        .unwrap();
    assert_eq!(all(&edited, &user, 9), ["2026-01-05", "2026-01-20", "2026-01-26"]);
    let back = edited.with_moved(local("2026-01-19T00:00:00"), local("2026-01-19T00:00:00")).unwrap();
    assert_eq!(all(&back, &user, 9), ["2026-01-05", "2026-01-19", "2026-01-26"]);
}

#[test]
fn a_series_can_be_ended_and_the_end_is_not_put_off() {
    let user = user("UTC");
    let ended = series("FREQ=DAILY", "2026-01-01", "").ended_before(local("2026-01-04T00:00:00"));
    assert_eq!(all(&ended, &user, 9), ["2026-01-01", "2026-01-02", "2026-01-03"]);
    assert!(ended.preview(&user, 0, 3).ends);
    assert_eq!(ended.clone().ended_before(local("2026-02-01T00:00:00")), ended);
}

#[test]
fn split_in_two_it_has_the_same_occurrences() {
    let user = user("Europe/Berlin");
    for rule in [
        "FREQ=DAILY;COUNT=40",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH,SU;WKST=SU;COUNT=25",
        "FREQ=MONTHLY;UNTIL=20281231",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=12",
        "FREQ=YEARLY;INTERVAL=3;BYMONTH=1,3;COUNT=9",
        "FREQ=HOURLY;INTERVAL=5;COUNT=30",
    ] {
        let whole = series(rule, "2026-01-31T02:30:00", "Europe/Berlin");
        let listed = whole.occurrences(&user, None, 99);
        for split in &listed[1..] {
            let (before, rest) = whole.split_at(split.local).unwrap();
            let mut both = before.occurrences(&user, None, 99);
            both.extend(rest.occurrences(&user, None, 99));
            assert_eq!(both, listed, "{rule} at {}", shown(split));
        }
        assert_eq!(whole.split_at(local("2100-01-01T00:00:00")), None, "{rule}");
    }
}

#[test]
fn a_name_that_no_occurrence_can_have_does_no_harm() {
    let user = user("Asia/Tokyo");
    let daily = series("FREQ=DAILY;INTERVAL=2", "2026-01-01T02:30:00", "Europe/Berlin");
    for absurd in [NaiveDateTime::MIN, NaiveDateTime::MAX] {
        let now = DateTime::<Utc>::MIN_UTC;
        assert_eq!(daily.split_at(absurd).is_some(), absurd == NaiveDateTime::MIN);
        assert!(daily.clone().with_moved(absurd, absurd).is_err());
        assert_eq!(daily.next_from_due(&user, absurd, now).is_some(), absurd == NaiveDateTime::MIN);
        let left_out = daily.clone().without(absurd).unwrap().ended_before(absurd);
        assert_eq!(left_out.preview(&user, 0, 1).ends, absurd == NaiveDateTime::MIN);
    }
    assert_eq!(daily.next_after(&user, DateTime::<Utc>::MAX_UTC), None);
    assert!(daily.next_from_completion(&user, DateTime::<Utc>::MAX_UTC, 1).is_none());
    assert!(daily.next_after(&user, DateTime::<Utc>::MIN_UTC).is_some());
}
