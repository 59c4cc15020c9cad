//! What holds for every rule.

use std::time::Duration;

use chrono::TimeDelta;
use domain::{Due, Recurrence, Rule, UserZone, Zone};
use proptest::prelude::*;

use crate::given::{local, parse, time, user};

/// Zones with a gap at midnight, half an hour wide, a whole day wide, of either hemisphere, and none.
const ZONES: [&str; 9] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "America/Santiago",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Pacific/Apia",
    "UTC",
];

/// People get 50; a debug build is some twenty times slower.
const ALLOWED: Duration = Duration::from_millis(1_000);

fn values(range: std::ops::RangeInclusive<i32>) -> impl Strategy<Value = String> {
    prop::collection::vec(range, 1..5)
        .prop_map(|values| values.iter().map(i32::to_string).collect::<Vec<_>>().join(","))
}

fn days() -> impl Strategy<Value = String> {
    let day = (prop_oneof![Just(String::new()), (-6..=6).prop_map(|nth: i32| nth.to_string())], 0..7_usize)
        .prop_map(|(nth, day)| format!("{nth}{}", ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][day]));
    prop::collection::vec(day, 1..4).prop_map(|days| days.join(","))
}

/// Any mix of parts, sensible or not; most are refused or have few occurrences.
fn rule_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        (1..40_i32).prop_map(|n| format!("INTERVAL={n}")),
        (1..300_i32).prop_map(|n| format!("COUNT={n}")),
        (1990..2060_i32).prop_map(|year| format!("UNTIL={year}0630T120000Z")),
        values(1..=12).prop_map(|v| format!("BYMONTH={v}")),
        values(-53..=53).prop_map(|v| format!("BYWEEKNO={v}")),
        values(-366..=366).prop_map(|v| format!("BYYEARDAY={v}")),
        values(-31..=31).prop_map(|v| format!("BYMONTHDAY={v}")),
        days().prop_map(|v| format!("BYDAY={v}")),
        values(0..=24).prop_map(|v| format!("BYHOUR={v}")),
        values(0..=59).prop_map(|v| format!("BYMINUTE={v}")),
        values(0..=60).prop_map(|v| format!("BYSECOND={v}")),
        values(-10..=10).prop_map(|v| format!("BYSETPOS={v}")),
        (0..7_usize).prop_map(|d| format!("WKST={}", ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][d])),
    ];
    let freq = prop::sample::select(vec!["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY"]);
    (freq, prop::collection::vec(part, 0..4)).prop_map(|(freq, parts)| {
        let parts: String = parts.iter().map(|part| format!(";{part}")).collect();
        format!("FREQ={freq}{parts}")
    })
}

prop_compose! {
    fn start()(minutes in 0..60 * 24 * 365 * 50_i64, zone in prop::sample::select(ZONES.to_vec())) -> Due {
        let local = local("1990-01-01T00:00:00") + TimeDelta::minutes(minutes);
        Due::At { local, zone: Zone::parse(zone).expect("an IANA zone") }
    }
}

fn series() -> impl Strategy<Value = Recurrence> {
    (rule_text(), start()).prop_filter_map("refused", |(rule, start)| parse(&rule, start).ok())
}

fn utc() -> UserZone {
    user("UTC")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_global_rejects: 100_000, ..ProptestConfig::default() })]

    #[test]
    fn occurrences_strictly_increase(series in series()) {
        let listed = series.occurrences(&utc(), None, 60);
        prop_assert!(listed.windows(2).all(|pair| pair[0].instant < pair[1].instant));
        prop_assert_eq!(&listed, &series.occurrences(&utc(), None, 60));
    }

    #[test]
    fn a_rule_printed_reads_as_itself(text in rule_text()) {
        if let Ok(rule) = Rule::parse(&text) {
            let printed = rule.to_string();
            prop_assert_eq!(&Rule::parse(&printed).unwrap(), &rule);
            prop_assert_eq!(Rule::parse(&printed).unwrap().to_string(), printed);
        }
    }

    #[test]
    fn next_after_agrees_with_the_listing(series in series(), back in 0..100_000_i64) {
        let listed = series.occurrences(&utc(), None, 40);
        for (index, one) in listed.iter().enumerate() {
            let next = series.next_after(&utc(), one.instant);
            if index + 1 < listed.len() {
                prop_assert_eq!(next, listed.get(index + 1).copied());
            }
            let just_before = one.instant - TimeDelta::seconds(1);
            prop_assert_eq!(series.next_after(&utc(), just_before), Some(*one));
            let before = one.instant - TimeDelta::seconds(back);
            let expected = listed.iter().find(|other| other.instant > before).copied();
            prop_assert_eq!(series.next_after(&utc(), before), expected);
        }
    }

    #[test]
    fn a_time_that_the_zone_has_stays_on_the_wall(series in series()) {
        for one in series.occurrences(&utc(), None, 40) {
            prop_assert_eq!(one.at().naive_local() == one.local, !one.shifted);
            prop_assert!(one.at().naive_local() >= one.local);
        }
    }

    #[test]
    fn every_rule_ends_in_bounded_time(series in series(), now in 0..4_000_000_000_i64, zone in prop::sample::select(ZONES.to_vec())) {
        let now = chrono::DateTime::from_timestamp(now, 0).unwrap();
        let took = time(ALLOWED, || series.next_after(&user(zone), now));
        prop_assert!(took <= ALLOWED, "{} took {:?}", series.rule(), took);
        prop_assert!(series.next_after(&user(zone), now).is_none_or(|next| next.instant > now));
        prop_assert!(!series.text().is_empty());
        series.next_from_due(&user(zone), local("2000-01-01T00:00:00"), now);
        series.next_from_completion(&user(zone), now, 1);
    }

    #[test]
    fn nonsense_is_refused_not_fatal(text in "\\PC{0,60}", pieces in "(FREQ|BY|DAY|MONTH|=|;|,|-|[0-9]{1,6}|MO|É){0,20}") {
        let _ = Rule::parse(&text);
        let _ = Rule::parse(&pieces);
        let _ = Rule::parse(&format!("FREQ=DAILY;{pieces}"));
    }

    #[test]
    fn an_all_day_series_keeps_its_dates_in_every_zone(text in rule_text(), day in 0..18_000_i64) {
        let date = (local("1990-01-01T00:00:00") + TimeDelta::days(day)).date();
        if let Ok(series) = parse(&text, Due::AllDay { date }) {
            let dues = |zone| -> Vec<Due> {
                series.occurrences(&user(zone), None, 20).iter().map(|one| one.due).collect()
            };
            prop_assert_eq!(dues("Pacific/Apia"), dues("UTC"));
        }
    }
}
