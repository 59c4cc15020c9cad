//! What holds for any line.

use domain::quick_add;
use proptest::prelude::*;

use crate::context;

/// Words that mean something, alone or together, and some that do not.
fn word() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "a",
        "after",
        "an",
        "and",
        "at",
        "before",
        "black",
        "buy",
        "by",
        "call",
        "completion",
        "daily",
        "day",
        "days",
        "dec",
        "due",
        "end",
        "evening",
        "every",
        "every!",
        "feb",
        "first",
        "for",
        "fri",
        "friday",
        "from",
        "hour",
        "in",
        "last",
        "march",
        "may",
        "me",
        "midnight",
        "minutes",
        "mon,wed",
        "monday,",
        "mondays",
        "month",
        "morning",
        "next",
        "night",
        "noon",
        "now",
        "of",
        "on",
        "other",
        "pm",
        "remind",
        "report",
        "second",
        "starting",
        "sun",
        "the",
        "this",
        "times",
        "to",
        "today",
        "tomorrow",
        "tonight",
        "until",
        "week",
        "weekday",
        "weekend",
        "weekly",
        "workday",
        "year",
        "1",
        "2",
        "9",
        "15th",
        "1st",
        "29",
        "2027",
        "9:30",
        "9am",
        "17:30",
        "#home",
        "#1",
        "!high",
        "p1",
        "p2",
        "~45m",
        "45min",
        "1h30m",
        "2d",
        "2026-12-01",
        "1/2/2027",
        "13/12/2026",
        "1.12.2026",
        "\"friday\"",
        "\"every",
        "day\"",
        "\\#x",
        "\\tomorrow",
        "Größe",
        "日本",
        "é",
    ];
    prop_oneof![
        20 => proptest::sample::select(WORDS).prop_map(str::to_owned),
        1 => "[a-zA-Z0-9#!~:/.,\"\\\\-]{1,8}",
    ]
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => proptest::collection::vec(word(), 0..12).prop_map(|words| words.join(" ")),
        1 => any::<String>(),
        1 => "\\PC{0,60}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Every character is either in a phrase that is told, or in the title.
    #[test]
    fn no_word_is_lost(line in line()) {
        let read = quick_add::read(&line, &context());
        let chars: Vec<char> = line.chars().collect();
        let mut taken = vec![false; chars.len()];
        for one in &read.understood {
            prop_assert!(one.span.start < one.span.end && one.span.end <= chars.len(), "{:?}", one);
            taken[one.span.clone()].fill(true);
        }
        let mut expected = String::new();
        for (at, c) in chars.iter().enumerate() {
            expected.push(if taken[at] { ' ' } else { *c });
        }
        let plain = |text: &str| text.split_whitespace().map(|word| match word.strip_prefix('\\') {
            Some(rest) if !rest.is_empty() => rest.to_owned(),
            _ => word.to_owned(),
        }).collect::<Vec<_>>();
        prop_assert_eq!(read.title.split_whitespace().collect::<Vec<_>>(), plain(&expected));
    }

    /// What is left says nothing more. Without escapes, which are gone from the title.
    #[test]
    fn a_title_is_read_as_a_title(line in line()) {
        let line = line.replace('\\', "/");
        let title = quick_add::read(&line, &context()).title;
        let again = quick_add::read(&title, &context());
        prop_assert!(again.understood.is_empty(), "{:?} leaves {:?}: {:?}", line, title, again.understood);
        prop_assert_eq!(again.title, title);
    }

    /// What is asked for can be had: a rule that parses, a due time for a rule, tags within their limits.
    #[test]
    fn what_is_understood_can_be_created(line in line()) {
        let read = quick_add::read(&line, &context());
        prop_assert!(domain::Tags::parse(&read.tags).is_ok());
        if let Some(due) = read.due {
            prop_assert!(due.check().is_ok(), "{:?}", due);
        }
        if let Some(asked) = &read.recurrence {
            prop_assert!(domain::Rule::parse(&asked.rrule).is_ok(), "{}", asked.rrule);
            prop_assert!(read.due.is_some());
        }
    }
}
