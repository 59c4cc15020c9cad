//! What a person may ask for, and what they are told otherwise.

use std::time::Duration;

use domain::{CountedFrom, Missed, NewRecurrence, Recurrence, Rule};

use crate::given::{all, parse, series, start, time, user};

#[test]
fn a_rule_has_one_canonical_text() {
    let cases = [
        ("FREQ=DAILY", "FREQ=DAILY"),
        ("rrule:freq=daily;interval=1;", "FREQ=DAILY"),
        (" BYDAY=WE,MO,WE;FREQ=WEEKLY;INTERVAL=2 ", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE"),
        ("FREQ=MONTHLY;BYDAY=-1FR,+1MO,MO", "FREQ=MONTHLY;BYDAY=MO,-1FR,1MO"),
        ("FREQ=YEARLY;BYMONTH=7,1;COUNT=3;WKST=SU", "FREQ=YEARLY;COUNT=3;BYMONTH=1,7;WKST=SU"),
        ("FREQ=DAILY;UNTIL=20261231", "FREQ=DAILY;UNTIL=20261231"),
        ("FREQ=DAILY;UNTIL=20261231T235959Z;WKST=MO", "FREQ=DAILY;UNTIL=20261231T235959Z"),
        ("FREQ=HOURLY;BYSECOND=60,30", "FREQ=HOURLY;BYSECOND=30,59"),
    ];
    for (text, canonical) in cases {
        let rule = Rule::parse(text).unwrap();
        assert_eq!(rule.to_string(), canonical);
        assert_eq!(Rule::parse(canonical).unwrap(), rule);
    }
}

#[test]
fn a_wrong_rule_is_told_by_its_part() {
    let long = format!("FREQ=YEARLY;BYYEARDAY={}", vec!["1"; 1_000].join(","));
    let every = |values: std::ops::Range<u8>| values.map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let (hours, sixty) = (every(0..24), every(0..60));
    let yearly =
        format!("FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR={hours};BYMINUTE={sixty};BYSECOND={sixty}");
    let monthly = format!("FREQ=MONTHLY;BYDAY=MO;BYHOUR={hours};BYMINUTE={sixty};BYSECOND=0,1");
    let all_days = format!("FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR={hours};BYMINUTE=0,30");
    let secondly = format!("FREQ=HOURLY;BYMINUTE={sixty};BYSECOND={sixty}");
    let cases = [
        ("", "required", "empty"),
        (&long, "max_length", "1000 characters"),
        ("INTERVAL=2", "required", "FREQ"),
        ("FREQ=FORTNIGHTLY", "unsupported_freq", "FREQ"),
        ("FREQ=SECONDLY", "unsupported_freq", "FREQ: a task does not recur SECONDLY"),
        ("FREQ=MINUTELY;INTERVAL=90", "unsupported_freq", "FREQ: a task does not recur MINUTELY"),
        ("FREQ=DAILY;INTERVAL=0", "invalid_interval", "INTERVAL"),
        ("FREQ=DAILY;INTERVAL=-1", "invalid_interval", "INTERVAL"),
        ("FREQ=DAILY;INTERVAL=10000", "invalid_interval", "INTERVAL"),
        ("FREQ=DAILY;INTERVAL=99999999999999999999", "invalid_interval", "INTERVAL"),
        ("FREQ=DAILY;COUNT=0", "invalid_count", "COUNT"),
        ("FREQ=DAILY;COUNT=1000000", "invalid_count", "COUNT"),
        ("FREQ=DAILY;UNTIL=soon", "invalid_until", "UNTIL"),
        ("FREQ=DAILY;UNTIL=20260230", "invalid_until", "UNTIL"),
        ("FREQ=DAILY;UNTIL=20260101;COUNT=1", "count_and_until", "COUNT"),
        ("FREQ=DAILY;FREQ=DAILY", "invalid_part", "FREQ: it is given twice"),
        ("FREQ=DAILY;BYEASTER=1", "invalid_part", "BYEASTER"),
        ("FREQ=DAILY;BYHOUR=24", "invalid_part", "BYHOUR"),
        ("FREQ=DAILY;BYHOUR=", "invalid_part", "BYHOUR"),
        ("FREQ=DAILY;WKST=1MO", "invalid_part", "WKST"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "invalid_part", "BYMONTHDAY"),
        ("FREQ=MONTHLY;BYDAY=0MO", "invalid_part", "BYDAY"),
        ("FREQ=MONTHLY;BYDAY=6MO", "invalid_part", "BYDAY"),
        ("FREQ=MONTHLY;BYDAY=MÖ", "invalid_part", "BYDAY"),
        ("FREQ=WEEKLY;BYDAY=1MO", "not_with_freq", "BYDAY"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "not_with_freq", "BYMONTHDAY"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "not_with_freq", "BYWEEKNO"),
        ("FREQ=DAILY;BYYEARDAY=1", "not_with_freq", "BYYEARDAY"),
        ("FREQ=DAILY;BYSETPOS=1", "invalid_part", "BYSETPOS"),
        ("FREQ=HOURLY;BYMINUTE=0,30;BYSETPOS=3", "invalid_part", "BYSETPOS: no period has more than 2"),
        ("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=-3,4", "invalid_part", "BYSETPOS: no period has more than 2"),
        (
            "FREQ=YEARLY;BYMONTH=1,2;BYDAY=1MO;BYSETPOS=3",
            "invalid_part",
            "BYSETPOS: no period has more than 2",
        ),
        ("FREQ=MONTHLY;BYDAY=-5MO,1TU;BYSETPOS=1", "unsupported", "BYDAY"),
        (&yearly, "too_many_combinations", "BYHOUR, BYMINUTE, BYSECOND"),
        (&monthly, "too_many_combinations", "BYHOUR, BYMINUTE, BYSECOND"),
        (&all_days, "too_many_combinations", "occurrences in one period"),
        (&secondly, "too_many_combinations", "86400 times a day"),
    ];
    for (text, rule, part) in cases {
        let violation = Rule::parse(text).expect_err(text);
        let allowed = Duration::from_millis(50);
        assert!(time(allowed, || Rule::parse(text)) <= allowed, "{text}");
        assert_eq!((violation.field.as_str(), violation.rule.as_ref()), ("rrule", rule), "{text}");
        assert!(violation.detail.contains(part), "{text}: {}", violation.detail);
    }
}

#[test]
fn every_wrong_part_of_a_recurrence_is_told_at_once_where_the_api_has_it() {
    let exdates = ["2026-01-05T09:00:00".to_owned(), "yesterday".to_owned()];
    let rdates = ["2026-02-30T09:00:00".to_owned()];
    let wrong = Recurrence::parse(NewRecurrence {
        rrule: "FREQ=SECONDLY",
        start: start("2026-01-01T09:00:00", "Europe/Berlin"),
        exdates: &exdates,
        rdates: &rdates,
        from: CountedFrom::Due,
        missed: Missed::Skip,
    })
    .unwrap_err();
    let fields: Vec<_> = wrong.iter().map(|one| (one.field.as_str(), one.rule.as_ref())).collect();
    assert_eq!(
        fields,
        [
            ("recurrence.rrule", "unsupported_freq"),
            ("recurrence.exdates[1]", "invalid_local_time"),
            ("recurrence.rdates[0]", "invalid_local_time"),
        ]
    );
}

#[test]
fn an_all_day_series_has_no_hours() {
    let wrong = parse("FREQ=HOURLY", start("2026-01-01", "")).unwrap_err();
    assert_eq!(wrong.iter().next().unwrap().rule, "needs_time");
    let daily = series("FREQ=DAILY;BYHOUR=9,18", "2026-01-01", "");
    assert_eq!(daily.rule().to_string(), "FREQ=DAILY");
    assert_eq!(all(&daily, &user("Asia/Tokyo"), 2), ["2026-01-01", "2026-01-02"]);
}

#[test]
fn stored_state_may_lack_what_came_later_and_have_what_went() {
    let stored = r#"{"rrule":"FREQ=DAILY","start":{"date":"2026-01-01"},"colour":"red"}"#;
    let read: Recurrence = serde_json::from_str(stored).unwrap();
    assert_eq!(read, series("FREQ=DAILY", "2026-01-01", ""));
    let written = serde_json::to_string(&read).unwrap();
    assert_eq!(serde_json::from_str::<Recurrence>(&written).unwrap(), read);
}

#[test]
fn the_modes_have_the_names_the_api_has() {
    let named = |mode: &str, missed: &str| -> (CountedFrom, Missed) {
        (serde_json::from_value(mode.into()).unwrap(), serde_json::from_value(missed.into()).unwrap())
    };
    assert_eq!(named("due", "skip"), (CountedFrom::Due, Missed::Skip));
    assert_eq!(named("completion", "keep_each"), (CountedFrom::Completion, Missed::KeepEach));
}
