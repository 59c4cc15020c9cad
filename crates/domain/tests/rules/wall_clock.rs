use crate::given::{instant, local, zone};
use chrono::{Days, NaiveDateTime, TimeDelta};
use domain::wall_clock::resolve;
use proptest::{prelude::*, sample::select};

/// Both hemispheres, a half-hour change, changes by Ramadan, a skipped day, odd offsets, and no changes at all.
const ZONES: &[&str] = &[
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Antarctica/Troll",
    "Asia/Kathmandu",
    "Asia/Gaza",
    "America/St_Johns",
    "UTC",
];

#[test]
fn gaps_and_overlaps_follow_rfc_5545() {
    for (name, at, expected) in [
        // The example of RFC 5545 section 3.3.5, of 2007: 02:30 is skipped, 01:30 in autumn comes twice.
        ("America/New_York", "2007-03-11T02:30:00", "2007-03-11T07:30:00Z"),
        ("America/New_York", "2007-11-04T01:30:00", "2007-11-04T05:30:00Z"),
        ("Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:30:00Z"),
        ("Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
        // The southern summer begins in October.
        ("Australia/Sydney", "2026-10-04T02:30:00", "2026-10-03T16:30:00Z"),
        ("Australia/Sydney", "2027-04-04T02:30:00", "2027-04-03T15:30:00Z"),
        // Only half an hour is skipped and repeated.
        ("Australia/Lord_Howe", "2026-10-04T02:15:00", "2026-10-03T15:45:00Z"),
        ("Australia/Lord_Howe", "2027-04-04T01:45:00", "2027-04-03T14:45:00Z"),
        // Standard time is +01; the clocks go back for Ramadan, which ends on 20 March 2026.
        ("Africa/Casablanca", "2026-02-15T02:30:00", "2026-02-15T01:30:00Z"),
        ("Africa/Casablanca", "2026-03-22T02:30:00", "2026-03-22T02:30:00Z"),
        // Samoa crossed the date line and had no 30 December 2011.
        ("Pacific/Apia", "2011-12-29T09:00:00", "2011-12-29T19:00:00Z"),
        ("Pacific/Apia", "2011-12-30T09:00:00", "2011-12-30T19:00:00Z"),
        ("Pacific/Apia", "2011-12-31T09:00:00", "2011-12-30T19:00:00Z"),
        // Midnight itself is skipped.
        ("America/Santiago", "2026-09-06T00:00:00", "2026-09-06T04:00:00Z"),
    ] {
        assert_eq!(resolve(local(at), zone(name)), instant(expected), "{at} in {name}");
    }
}

#[test]
fn the_zone_table_still_changes_clocks_in_its_last_year() {
    assert_eq!(resolve(local("2099-07-01T12:00:00"), zone("Europe/Berlin")), instant("2099-07-01T10:00:00Z"));
    assert_eq!(resolve(local("2099-12-01T12:00:00"), zone("Europe/Berlin")), instant("2099-12-01T11:00:00Z"));
}

#[test]
fn the_ends_of_time_do_not_panic() {
    for name in ZONES {
        for at in [NaiveDateTime::MIN, NaiveDateTime::MAX] {
            resolve(at, zone(name));
        }
    }
}

fn any_local() -> impl Strategy<Value = NaiveDateTime> {
    (0..47_000_u64, 0..86_400_i64).prop_map(|(days, seconds)| {
        local("1970-01-02T00:00:00") + Days::new(days) + TimeDelta::seconds(seconds)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_time_that_exists_is_what_the_wall_shows_then(at in any_local(), name in select(ZONES)) {
        let (zone, instant) = (zone(name), resolve(at, zone(name)));
        let shown = zone.local(instant);
        // A skipped time is shown later by the length of the gap; nothing is ever shown earlier.
        prop_assert!(shown >= at, "{at} was shown as {shown}");
        prop_assert!(shown - at <= TimeDelta::hours(24));
        prop_assert_eq!(zone.local(resolve(shown, zone)), shown);
    }

    #[test]
    fn a_repeated_time_is_its_first_occurrence(at in any_local(), name in select(ZONES)) {
        let (zone, instant) = (zone(name), resolve(at, zone(name)));
        for minutes in [30, 60, 120] {
            let earlier = instant - TimeDelta::minutes(minutes);
            prop_assert!(zone.local(earlier) != at);
        }
    }

    #[test]
    fn times_that_exist_keep_their_order(
        one in any_local(), minutes in 0..3_000_i64, name in select(ZONES),
    ) {
        let (zone, other) = (zone(name), one + TimeDelta::minutes(minutes));
        let (earlier, later) = (resolve(one, zone), resolve(other, zone));
        if zone.local(earlier) == one && zone.local(later) == other {
            prop_assert!(earlier <= later);
        }
    }
}

#[test]
fn around_every_change_of_2026_the_wall_and_the_instant_agree() {
    for name in ZONES {
        let zone = zone(name);
        let mut previous = None;
        for half_hours in 0..17_520 {
            let at = local("2026-01-01T00:00:00") + TimeDelta::minutes(30 * half_hours);
            let instant = resolve(at, zone);
            let shown = zone.local(instant);
            assert!(shown >= at, "{at} in {name}");
            if shown == at {
                assert!(previous.is_none_or(|previous| previous < instant), "{at} in {name}");
                previous = Some(instant);
            }
        }
    }
}
