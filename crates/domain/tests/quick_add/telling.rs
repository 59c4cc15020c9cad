//! How a phrase was read is told with its place.

use crate::read;

fn told(line: &str) -> Vec<(String, String)> {
    let chars: Vec<char> = line.chars().collect();
    let phrase = |span: std::ops::Range<usize>| chars[span].iter().collect::<String>();
    read(line).understood.into_iter().map(|one| (phrase(one.span), one.meaning)).collect()
}

#[test]
fn each_phrase_is_told_with_its_place_and_meaning() {
    let told = told("Pay rent every month on the last workday at 9 #home !high remind 1 day before ~45m");
    let expected = [
        (
            "every month on the last workday",
            "every month on the last weekday; first on Monday 30 November 2026 at 09:00",
        ),
        ("at 9", "Monday 30 November 2026 at 09:00"),
        ("#home", "home"),
        ("!high", "high"),
        ("remind 1 day before", "1 day before"),
        ("~45m", "45 minutes"),
    ];
    let expected: Vec<_> = expected.map(|(phrase, meaning)| (phrase.to_owned(), meaning.to_owned())).into();
    assert_eq!(told, expected);
}

#[test]
fn places_are_counted_in_characters() {
    let read = read("Grüße an 日本 morgen tomorrow");
    assert_eq!(read.understood[0].span, 19..27);
}

#[test]
fn what_stays_because_it_is_unclear_says_why() {
    let read = read("Pay 1/12/2026");
    assert_eq!((read.title.as_str(), read.due), ("Pay 1/12/2026", None));
    assert!(read.unclear[0].why.contains("2026-12-01"), "{}", read.unclear[0].why);
}

#[test]
fn a_time_that_the_clocks_skip_is_told_with_the_one_it_is() {
    let context = crate::at("2026-03-28T12:00:00", "Europe/Berlin");
    let read = domain::quick_add::read("Feed the cat tomorrow at 2:30", &context);
    assert_eq!(read.understood[0].meaning, "Sunday 29 March 2026 at 02:30, which the clocks skip: 03:30");
}
