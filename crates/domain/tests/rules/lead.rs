use crate::given::{all_day, at_in_berlin, berlin, instant};
use domain::{Due, Lead};
use proptest::prelude::*;

fn lead(text: &str) -> Lead {
    Lead::parse(text).expect("a duration")
}

#[test]
fn prints_a_canonical_form() {
    for (given, printed) in [
        ("P1D", "P1D"),
        ("P1W", "P1W"),
        ("P7D", "P1W"),
        ("P8D", "P8D"),
        ("PT10M", "PT10M"),
        ("PT90M", "PT1H30M"),
        ("PT24H", "PT24H"),
        ("P1DT2H", "P1DT2H"),
        ("P7DT1S", "P7DT1S"),
        ("PT3630S", "PT1H0M30S"),
        ("PT1H30S", "PT1H0M30S"),
        ("+PT5M", "PT5M"),
        ("PT0S", "PT0S"),
        ("P0D", "PT0S"),
        ("P366D", "P366D"),
        ("PT0000000000000000001M", "PT1M"),
    ] {
        assert_eq!(lead(given).to_string(), printed, "{given}");
    }
}

#[test]
fn refuses_what_is_no_fixed_span_and_what_is_too_long() {
    for (rule, texts) in [
        (
            "invalid_duration",
            vec![
                "",
                "P",
                "T",
                "PT",
                "P1",
                "1D",
                "P1DT",
                "PD",
                "P1Y",
                "P1M",
                "P1Y1D",
                "PT1.5H",
                "PT1,5H",
                "P1W2D",
                "P1WT1H",
                "PT1M1H",
                "PT1H1H",
                "PT1D",
                "P1H",
                "p1d",
                " P1D",
                "P1D ",
                "P 1D",
                "P١D",
                "P1Dx",
                "P+1D",
                "P-1D",
                "++P1D",
                "P1DT1HT1M",
            ],
        ),
        ("negative", vec!["-P1D", "-PT0S"]),
        (
            "too_long",
            vec![
                "P367D",
                "P366DT1S",
                "P53W",
                "PT8785H",
                "P99999999999999999999D",
                "P18446744073709551615W",
                "PT18446744073709551615S",
                "P1DT18446744073709551615S",
                "PT18446744073709551615H1M",
            ],
        ),
    ] {
        for text in texts {
            let violation = Lead::parse(text).expect_err(text);
            assert_eq!((violation.field.as_str(), &*violation.rule), ("before", rule), "{text:?}");
        }
    }
}

#[test]
fn a_day_is_a_calendar_day_and_24_hours_are_24_hours() {
    // Berlin turns its clocks forward in the night to Sunday, 29 March 2026.
    let due = at_in_berlin("2026-03-29T09:00:00");
    assert_eq!(lead("P1D").before(&due, &berlin()), instant("2026-03-28T08:00:00Z"));
    assert_eq!(lead("PT24H").before(&due, &berlin()), instant("2026-03-28T07:00:00Z"));
}

#[test]
fn days_are_stepped_before_the_exact_part_is_taken_off() {
    // A day back is 02:30 on the 29th, which Berlin skips: read as 03:30, then one hour earlier.
    let due = at_in_berlin("2026-03-30T02:30:00");
    assert_eq!(lead("P1D").before(&due, &berlin()), instant("2026-03-29T01:30:00Z"));
    assert_eq!(lead("P1DT1H").before(&due, &berlin()), instant("2026-03-29T00:30:00Z"));
}

#[test]
fn of_an_all_day_task_it_counts_from_the_day_start() {
    let due = all_day("2026-03-29");
    assert_eq!(lead("P1D").before(&due, &berlin()), instant("2026-03-28T08:00:00Z"));
    assert_eq!(lead("PT0S").before(&due, &berlin()), instant("2026-03-29T07:00:00Z"));
}

#[test]
fn a_date_no_one_can_enter_is_no_reason_to_panic() {
    for date in [chrono::NaiveDate::MIN, chrono::NaiveDate::MAX] {
        let due = Due::AllDay { date };
        assert!(due.check().is_err());
        lead("P366D").before(&due, &berlin());
        lead("PT8784H").before(&due, &berlin());
    }
}

proptest! {
    #[test]
    fn what_is_printed_reads_as_the_same(days in 0_u32..366, seconds in 0_u32..86_400) {
        let given = lead(&format!("P{days}DT{seconds}S"));
        prop_assert_eq!(lead(&given.to_string()), given);
        let printed = given.to_string();
        prop_assert_eq!(lead(&printed).to_string(), printed);
        let json = serde_json::to_string(&given).expect("serialises");
        prop_assert_eq!(serde_json::from_str::<Lead>(&json).expect("reads"), given);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[+-]?P?[0-9]{0,25}[YMWDT]?[0-9]{0,25}[HMSWD]?[0-9]{0,25}.{0,2}") {
        if let Ok(lead) = Lead::parse(&text) {
            prop_assert_eq!(Lead::parse(&lead.to_string()), Ok(lead));
        }
    }

    #[test]
    fn a_longer_exact_part_is_earlier_by_just_that(days in 0_u32..100, seconds in 0_u32..86_400) {
        let due = at_in_berlin("2026-12-01T09:00:00");
        let nominal = lead(&format!("P{days}D")).before(&due, &berlin());
        let both = lead(&format!("P{days}DT{seconds}S")).before(&due, &berlin());
        prop_assert_eq!((nominal - both).num_seconds(), i64::from(seconds));
    }
}
