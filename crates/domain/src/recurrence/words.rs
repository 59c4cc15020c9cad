//! A rule told in English: `every 2 weeks on Monday and Wednesday, 10 times`.

use std::fmt::Display;

use chrono::{Month, NaiveDateTime, Timelike, Weekday};

use super::rule::{Day, Freq, Rule, Until};
use crate::wall_clock::Zone;

/// More times of day than this are counted, not listed.
const LISTED_TIMES: usize = 8;

/// The start gives the minutes that the rule leaves open, the zone the date of an UNTIL.
pub(super) fn describe(rule: &Rule, start: NaiveDateTime, zone: Zone) -> String {
    let mut text = every(rule);
    for phrase in [days(rule), times(rule, start), picked(rule), end(rule, zone)] {
        text.push_str(&phrase);
    }
    text
}

fn every(rule: &Rule) -> String {
    if let Some(one) = every_such_day(rule) {
        return format!("every {one}");
    }
    let unit = match rule.freq {
        Freq::Yearly => "year",
        Freq::Monthly => "month",
        // Some days of each week: that is how people call some days of every day.
        Freq::Weekly => "week",
        Freq::Daily if rule.interval == 1 && !rule.by_day.is_empty() && rule.by_month_day.is_empty() => {
            "week"
        }
        Freq::Daily => "day",
        Freq::Hourly => "hour",
        Freq::Minutely => "minute",
        Freq::Secondly => "second",
    };
    match rule.interval {
        1 => format!("every {unit}"),
        interval => format!("every {interval} {unit}s"),
    }
}

/// `weekday` for Monday to Friday of every week.
fn every_such_day(rule: &Rule) -> Option<&'static str> {
    let weekly = matches!(rule.freq, Freq::Weekly | Freq::Daily) && rule.interval == 1;
    days_as_one(&rule.by_day).filter(|_| weekly && rule.by_month_day.is_empty())
}

fn days(rule: &Rule) -> String {
    let months = and(rule.by_month.iter().filter_map(|month| Some(Month::try_from(*month).ok()?.name())));
    let weeks = match rule.by_week_no.as_slice() {
        [] => String::new(),
        weeks => format!(" in the {} week", and(weeks.iter().map(|week| numeral((*week).into())))),
    };
    let (mut on, mut belongs_to_month) = on(rule);
    if every_such_day(rule).is_some() {
        (on, belongs_to_month) = (String::new(), false);
    }
    match (months.is_empty(), belongs_to_month) {
        (true, _) => format!("{on}{weeks}"),
        (false, true) => format!("{on} of {months}{weeks}"),
        (false, false) => format!("{on}{weeks} in {months}"),
    }
}

/// The days, and whether they are told as days *of* a month.
fn on(rule: &Rule) -> (String, bool) {
    if !rule.by_year_day.is_empty() {
        let days = and(rule.by_year_day.iter().map(|day| format!("the {} day", numeral(*day))));
        let weekdays = match rule.by_day.as_slice() {
            [] => String::new(),
            days => format!(" if it is {}", joined(days.iter().map(weekday), "or")),
        };
        return (format!(" on {days} of the year{weekdays}"), false);
    }
    let month_days = rule.by_month_day.iter().map(|day| match day {
        1.. => format!("the {}", numeral((*day).into())),
        _ => format!("the {} day", numeral((*day).into())),
    });
    match (rule.by_day.as_slice(), rule.by_month_day.as_slice()) {
        ([], []) => (String::new(), false),
        ([], _) => (format!(" on {}", and(month_days)), true),
        (days, []) => weekdays(rule, days),
        ([Day { nth: None, weekday }], [day]) if *day > 0 => {
            (format!(" on {} {}", full_name(*weekday), and(month_days)), true)
        }
        (days, _) => {
            let is = joined(month_days, "or");
            (format!(" on {} if it is {is}", joined(days.iter().map(weekday), "or")), true)
        }
    }
}

fn weekdays(rule: &Rule, days: &[Day]) -> (String, bool) {
    let plain = days.iter().all(|day| day.nth.is_none());
    if plain && picks_days(rule) {
        let which = match days_as_one(days) {
            Some(one) => one.to_owned(),
            None => joined(days.iter().map(weekday), "or"),
        };
        let first = and(rule.by_set_pos.iter().map(|pos| format!("the {}", ordinal(*pos))));
        let of = if rule.freq == Freq::Yearly && rule.by_month.is_empty() { " of the year" } else { "" };
        return (format!(" on {first} {which}{of}"), true);
    }
    let of =
        if !plain && rule.freq == Freq::Yearly && rule.by_month.is_empty() { " of the year" } else { "" };
    let only = if rule.freq == Freq::Daily && rule.interval > 1 { ", only" } else { "" };
    let named = match days_as_one(days) {
        Some(one) => format!("every {one}"),
        None => and(days.iter().map(weekday)),
    };
    (format!("{only} on {named}{of}"), !plain)
}

/// Whether BYSETPOS picks whole days, so that it can be told as `the last weekday`.
fn picks_days(rule: &Rule) -> bool {
    let one_time = rule.by_hour.len() <= 1 && rule.by_minute.len() <= 1 && rule.by_second.len() <= 1;
    let one_set = rule.freq == Freq::Monthly || (rule.freq == Freq::Yearly && rule.by_month.len() <= 1);
    !rule.by_set_pos.is_empty() && rule.by_week_no.is_empty() && one_time && one_set
}

/// What BYSETPOS picks, where the days do not tell it.
fn picked(rule: &Rule) -> String {
    let told = picks_days(rule)
        && rule.by_month_day.is_empty()
        && rule.by_year_day.is_empty()
        && !rule.by_day.is_empty()
        && rule.by_day.iter().all(|day| day.nth.is_none());
    if rule.by_set_pos.is_empty() || told {
        return String::new();
    }
    format!(", only {} of these", and(rule.by_set_pos.iter().map(|pos| format!("the {}", ordinal(*pos)))))
}

fn times(rule: &Rule, start: NaiveDateTime) -> String {
    let or_start = |given: &[u8], of_start: u32| match given {
        [] => vec![of_start],
        given => given.iter().map(|value| u32::from(*value)).collect(),
    };
    let seconds = or_start(&rule.by_second, start.second());
    let with_seconds = seconds != [0];
    let clock = |hour: Option<u32>, minute: u32, second: u32| match (hour, with_seconds) {
        (Some(hour), false) => format!("{hour:02}:{minute:02}"),
        (Some(hour), true) => format!("{hour:02}:{minute:02}:{second:02}"),
        (None, false) => format!("minute {minute}"),
        (None, true) => format!("minute {minute}:{second:02}"),
    };
    if rule.by_hour.is_empty() && rule.by_minute.is_empty() && rule.by_second.is_empty() {
        return String::new();
    }
    let hours: Vec<Option<u32>> = match rule.by_hour.as_slice() {
        [] if rule.freq >= Freq::Hourly => vec![None],
        given => or_start(given, start.hour()).into_iter().map(Some).collect(),
    };
    let minutes = or_start(&rule.by_minute, start.minute());
    let all = hours.len() * minutes.len() * seconds.len();
    if all > LISTED_TIMES {
        let of = if hours == [None] { "an hour" } else { "a day" };
        return format!(", {all} times {of}");
    }
    let mut listed = Vec::with_capacity(all);
    for hour in &hours {
        for minute in &minutes {
            listed.extend(seconds.iter().map(|second| clock(*hour, *minute, *second)));
        }
    }
    format!(" at {}", and(listed))
}

fn end(rule: &Rule, zone: Zone) -> String {
    let until = match (rule.count, rule.until) {
        (Some(1), _) => return ", once".to_owned(),
        (Some(count), _) => return format!(", {count} times"),
        (None, None) => return String::new(),
        (None, Some(Until::Instant(until))) => zone.local(until).date(),
        (None, Some(Until::Local(until))) => until.date(),
        (None, Some(Until::Date(until))) => until,
    };
    format!(", until {}", until.format("%-d %B %Y"))
}

/// Days that have one name together.
fn days_as_one(days: &[Day]) -> Option<&'static str> {
    use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    let is =
        |all: &[Weekday]| days.iter().map(|day| (day.nth, day.weekday)).eq(all.iter().map(|w| (None, *w)));
    match days.len() {
        7 if is(&[Mon, Tue, Wed, Thu, Fri, Sat, Sun]) => Some("day"),
        5 if is(&[Mon, Tue, Wed, Thu, Fri]) => Some("weekday"),
        2 if is(&[Sat, Sun]) => Some("weekend day"),
        _ => None,
    }
}

fn weekday(day: &Day) -> String {
    match day.nth {
        None => full_name(day.weekday).to_owned(),
        Some(nth) => format!("the {} {}", ordinal(nth.into()), full_name(day.weekday)),
    }
}

fn full_name(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    }
}

/// `first`, `15th`, `last`, `second to last`: for what is counted.
fn ordinal(n: i16) -> String {
    const WORDS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];
    match n {
        -1 => "last".to_owned(),
        _ if n < 0 => format!("{} to last", ordinal(-n)),
        1..=5 => WORDS[usize::from(n.unsigned_abs()) - 1].to_owned(),
        n => numeral(n),
    }
}

/// `1st`, `15th`, `last`, `second to last`: for dates.
fn numeral(n: i16) -> String {
    let suffix = match (n % 10, n % 100) {
        _ if n < 0 => return ordinal(n),
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{suffix}")
}

fn and<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    joined(items, "and")
}

fn joined<T: Display>(items: impl IntoIterator<Item = T>, word: &str) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    match items.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} {word} {last}", others.join(", ")),
    }
}
