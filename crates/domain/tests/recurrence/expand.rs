//! Which occurrences a series has.

use chrono::{TimeDelta, Timelike};
use domain::{Due, Recurrence};
use serde_json::json;

use crate::given::{all, instant, local, parse, series, shown, start, user};

#[test]
fn a_year_of_nine_o_clock_stays_nine_o_clock() {
    for zone in
        ["Europe/Berlin", "America/New_York", "Pacific/Auckland", "Australia/Lord_Howe", "America/Santiago"]
    {
        let user = user(zone);
        let listed = series("FREQ=DAILY", "2026-01-01T09:00:00", zone).occurrences(&user, None, 365);
        assert_eq!(listed.len(), 365);
        assert!(listed.iter().all(|one| (one.at().hour(), one.at().minute(), one.shifted) == (9, 0, false)));
        let days: std::collections::BTreeSet<_> = listed.iter().map(|one| one.at().date_naive()).collect();
        assert_eq!(days.len(), 365);
        // Both changes of the clocks are among them.
        let is_day = |pair: &[domain::Occurrence]| pair[1].instant - pair[0].instant == TimeDelta::days(1);
        assert_eq!(listed.windows(2).filter(|pair| !is_day(pair)).count(), 2, "{zone}");
    }
}

#[test]
fn all_day_never_drifts() {
    for zone in ["Pacific/Apia", "Pacific/Kiritimati", "America/Los_Angeles", "Africa/Casablanca"] {
        let listed = all(&series("FREQ=MONTHLY;BYMONTHDAY=-1", "2011-11-30", ""), &user(zone), 4);
        assert_eq!(listed, ["2011-11-30", "2011-12-31", "2012-01-31", "2012-02-29"], "{zone}");
        let daily = all(&series("FREQ=DAILY", "2011-12-29", ""), &user(zone), 3);
        assert_eq!(daily, ["2011-12-29", "2011-12-30", "2011-12-31"], "{zone}");
    }
}

#[test]
fn an_hourly_series_has_each_instant_once_over_a_gap() {
    let half_hourly = series("FREQ=HOURLY;BYMINUTE=0,30", "2026-03-29T01:30:00", "Europe/Berlin");
    assert_eq!(
        all(&half_hourly, &user("Europe/Berlin"), 5),
        [
            "2026-03-29T01:30:00+01:00",
            // 02:00 and 02:30 do not exist and come together with 03:00 and 03:30.
            "2026-03-29T03:00:00+02:00",
            "2026-03-29T03:30:00+02:00",
            "2026-03-29T04:00:00+02:00",
            "2026-03-29T04:30:00+02:00",
        ]
    );
    let at_odd_times = series("FREQ=DAILY;BYHOUR=2,3;BYMINUTE=15,45", "2026-03-29T02:15:00", "Europe/Berlin");
    let listed = at_odd_times.occurrences(&user("Europe/Berlin"), None, 3);
    assert!(listed.windows(2).all(|pair| pair[0].instant < pair[1].instant));
    assert_eq!(shown(&listed[2]), "2026-03-30T02:15:00+02:00");
}

#[test]
fn until_is_inclusive_and_counts_in_instants() {
    let until = |until: &str| {
        let rule = format!("FREQ=DAILY;UNTIL={until}");
        all(&series(&rule, "2026-03-27T02:30:00", "Europe/Berlin"), &user("Europe/Berlin"), 9).len()
    };
    assert_eq!(until("20260329T013000Z"), 3);
    assert_eq!(until("20260329T012959Z"), 2);
    assert_eq!(until("20260329T023000"), 3);
    assert_eq!(until("20260329"), 3);
    assert_eq!(until("20260101"), 0);
    let dates = series("FREQ=DAILY;UNTIL=20260103", "2026-01-01", "");
    assert_eq!(all(&dates, &user("Asia/Tokyo"), 9), ["2026-01-01", "2026-01-02", "2026-01-03"]);
}

#[test]
fn exceptions_additions_and_moved_ones() {
    let stored = json!({
        "rrule": "FREQ=WEEKLY;COUNT=4",
        "start": {"at": "2026-03-15T02:30:00", "zone": "Europe/Berlin"},
        // Of two names of one instant (the gap) either will do.
        "exdates": ["2026-03-29T03:30:00"],
        "rdates": ["2026-03-16T12:00:00", "2026-03-22T02:30:00"],
        "moved": {"2026-04-05T02:30:00": "2026-03-20T08:00:00"},
    });
    let series: Recurrence = serde_json::from_value(stored).unwrap();
    let listed = series.occurrences(&user("UTC"), None, 9);
    assert_eq!(
        listed.iter().map(shown).collect::<Vec<_>>(),
        [
            "2026-03-15T02:30:00+01:00",
            "2026-03-16T12:00:00+01:00",
            "2026-03-20T08:00:00+01:00",
            "2026-03-22T02:30:00+01:00",
        ]
    );
    assert_eq!(listed[2].local, local("2026-04-05T02:30:00"));
}

#[test]
fn what_the_crate_refuses_or_reads_otherwise() {
    let listed = |rule: &str, at: &str| all(&series(rule, at, ""), &user("UTC"), 4);
    assert_eq!(
        listed("FREQ=MONTHLY;BYDAY=-5MO", "2026-01-01"),
        ["2026-03-02", "2026-06-01", "2026-08-03", "2026-11-02"]
    );
    assert_eq!(
        listed("FREQ=MONTHLY;BYDAY=-5MO,1TU", "2026-02-01"),
        ["2026-02-03", "2026-03-02", "2026-03-03", "2026-04-07"]
    );
    assert_eq!(
        listed("FREQ=YEARLY;BYDAY=-53WE", "2026-01-01"),
        ["2031-01-01", "2036-01-02", "2042-01-01", "2048-01-01"]
    );
    // Every Monday, and the first Tuesday.
    assert_eq!(
        listed("FREQ=MONTHLY;BYDAY=MO,1TU", "2026-01-01"),
        ["2026-01-05", "2026-01-06", "2026-01-12", "2026-01-19"]
    );
    // The week's own weekday, as of the start.
    assert_eq!(listed("FREQ=YEARLY;BYWEEKNO=20", "2026-01-01")[..2], ["2026-05-14", "2027-05-20"]);
    // BYSETPOS counts in the whole first week, though the series starts in its middle.
    assert_eq!(
        listed("FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1", "2026-01-07")[..2],
        ["2026-01-12", "2026-01-19"]
    );
}

#[test]
fn a_rule_that_names_no_day_has_no_occurrence() {
    let user = user("Europe/Berlin");
    for rule in [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "FREQ=HOURLY;INTERVAL=24;BYHOUR=5",
        "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=10",
    ] {
        let series = series(rule, "2026-01-01T09:00:00", "Europe/Berlin");
        let preview = series.preview(&user, 0, 5);
        assert_eq!((preview.occurrences.len(), preview.ends), (0, true), "{rule}");
        assert_eq!(series.next_after(&user, instant("2030-01-01T00:00:00Z")), None, "{rule}");
    }
}

#[test]
fn a_preview_tells_whether_more_follow() {
    let ends = |rule: &str, skip, count| {
        let preview = series(rule, "2026-01-01", "").preview(&user("UTC"), skip, count);
        (preview.occurrences.len(), preview.ends)
    };
    assert_eq!(ends("FREQ=DAILY", 0, 5), (5, false));
    assert_eq!(ends("FREQ=DAILY;COUNT=5", 0, 4), (4, false));
    assert_eq!(ends("FREQ=DAILY;COUNT=5", 1, 4), (4, true));
    assert_eq!(ends("FREQ=DAILY;COUNT=5", 9, 4), (0, true));
}

#[test]
fn far_years_go_on_by_the_last_rules_of_the_zone() {
    let summer = |zone: &str| {
        let series = series("FREQ=YEARLY;INTERVAL=40;BYMONTH=7;BYMONTHDAY=1", "2080-07-01T12:00:00", zone);
        all(&series, &user("UTC"), 3).into_iter().map(|text| text[19..].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(summer("Europe/Berlin"), ["+02:00"; 3]);
    assert_eq!(summer("America/Santiago"), ["-04:00"; 3]);
    assert_eq!(summer("Asia/Kolkata"), ["+05:30"; 3]);
    let gap = series("FREQ=WEEKLY", "2099-03-22T02:30:00", "Europe/Berlin");
    // The last Sunday of March 2101 is the 27th.
    let after = gap.next_after(&user("UTC"), instant("2101-03-22T00:00:00Z")).unwrap();
    assert_eq!((shown(&after).as_str(), after.shifted), ("2101-03-27T03:30:00+02:00", true));
}

#[test]
fn a_start_that_the_rule_does_not_name_is_none_of_its_occurrences() {
    let mondays = parse("FREQ=WEEKLY;BYDAY=MO;COUNT=2", start("2026-01-01", "")).unwrap();
    assert_eq!(all(&mondays, &user("UTC"), 3), ["2026-01-05", "2026-01-12"]);
    assert!(matches!(mondays.start(), Due::AllDay { .. }));
}
