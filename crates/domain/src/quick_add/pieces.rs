//! What a phrase may mean, and finding the phrase that begins at a word.

use chrono::{NaiveDate, NaiveDateTime};

use super::{
    amounts::{Amount, amount, amounts, number, ordinal},
    dates::{self, Day},
    recurring::{self, Every},
    reminding::{self, Remind},
    times::{self, Clock, Near, Part},
    words::Cursor,
};
use crate::task::Priority;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meaning {
    Tag(String),
    Priority(Priority),
    /// Minutes.
    Estimate(u32),
    Date(NaiveDate, Option<Part>),
    Time(Clock),
    Part(Part),
    /// `in 2 hours`, as minutes.
    Moment(u32),
    Start(NaiveDate),
    Every(Every),
    FromCompletion,
    Until(NaiveDate),
    Times(u32),
    Lasting(Amount),
    Remind(Remind),
    /// It stays in the title; why.
    Unclear(&'static str),
}

const AMBIGUOUS_DATE: &str = "Day and month may be either way round: write 2026-12-01 or 1 dec.";
const AMBIGUOUS_RULE: &str =
    "This reads as every other one, or as one of each month: write `every other` or `of the month`.";
const MIDNIGHT: &str = "Midnight ends one day and begins the next: write 00:00 or 23:59.";

/// The phrase at the cursor. `beside_date` says that one was understood just before it.
pub(super) fn piece(at: Cursor<'_>, now: NaiveDateTime, beside_date: bool) -> Option<(Meaning, Cursor<'_>)> {
    let today = now.date();
    if let Some(after) = recurring::is_ambiguous(at).filter(|after| !after.peek().eq("of")) {
        return Some((Meaning::Unclear(AMBIGUOUS_RULE), after));
    }
    if let Some((every, after)) = recurring::every(at, boundary) {
        return Some((Meaning::Every(every), after));
    }
    if let Some((remind, after)) = reminding::remind(at, now) {
        return Some((Meaning::Remind(remind), after));
    }
    if let Some(found) = end(at, today).or_else(|| start(at, today)).or_else(|| estimate(at)) {
        return Some(found);
    }
    if let Some((length, after)) = at.eat(&["in"]).and_then(amount)
        && let Some(minutes) = length.minutes()
    {
        return Some((Meaning::Moment(minutes), after));
    }
    if let Some((day, after)) = date(at, today) {
        return Some((Meaning::Date(day.date, day.part), after));
    }
    let near = if beside_date || date_follows(at, today) { Near::Date } else { Near::Nothing };
    if let Some((clock, after)) = times::time(at, near, boundary) {
        return Some((Meaning::Time(clock), after));
    }
    if let Some((part, after)) = times::part_of_day(at) {
        return Some((Meaning::Part(part), after));
    }
    unclear(at)
}

fn unclear(at: Cursor<'_>) -> Option<(Meaning, Cursor<'_>)> {
    if dates::is_ambiguous(at.peek()) {
        return Some((Meaning::Unclear(AMBIGUOUS_DATE), at.skip()));
    }
    let midnight = at.eat(&["at"])?.eat(&["midnight"])?;
    Some((Meaning::Unclear(MIDNIGHT), midnight))
}

/// A date with its preposition.
pub(super) fn date(at: Cursor<'_>, today: NaiveDate) -> Option<(Day, Cursor<'_>)> {
    /// After these a date is not the one when the task is due, or part of a name.
    const OTHER: [&str; 30] = [
        "until", "till", "til", "since", "before", "after", "last", "past", "previous", "of", "than",
        "between", "not", "the", "a", "an", "my", "our", "your", "his", "her", "their", "every", "each",
        "vs", "from", "through", "to", "starting", "like",
    ];
    /// Days with a name of their own.
    const NAMED: [&str; 9] =
        ["black", "good", "ash", "cyber", "easter", "palm", "shrove", "maundy", "giving"];
    let at_end = at.eat(&["at"]).filter(|at| at.maybe(&["the"]).peek() == "end");
    let (led, start) = match at.eat(&["on", "by", "due", "for"]) {
        Some(after) => (true, after.maybe(&["on", "by"])),
        None => (false, at_end.unwrap_or(at)),
    };
    let behind = at.behind();
    if !led && (OTHER.contains(&behind) || NAMED.contains(&behind) || ordinal(behind).is_some()) {
        return None;
    }
    // `for 3 days` is a length, and `in 3 days` needs nothing before it.
    if led && start.peek() == "in" {
        return None;
    }
    let (day, after) = dates::date(start, today, led)?;
    let shy = day.shy || (led && at.peek() == "for");
    (!shy || boundary(after)).then_some((day, after))
}

fn date_follows(at: Cursor<'_>, today: NaiveDate) -> bool {
    let word = at.maybe(&["at", "@", "by"]);
    date(word.skip(), today).is_some()
}

/// Whether a phrase may end here: at the end, or before a word that cannot be described by what stands
/// before it.
pub(super) fn boundary(at: Cursor<'_>) -> bool {
    const JOINING: [&str; 32] = [
        "about", "with", "to", "and", "at", "in", "on", "for", "because", "then", "or", "if", "when", "from",
        "until", "till", "via", "@", "-", "–", "&", "by", "so", "but", "every", "every!", "starting",
        "remind", "before", "after", "today", "tomorrow",
    ];
    if at.is_end() || at.follows_comma() {
        return true;
    }
    // `at 9 and 17` are two times, of which one alone would be half of what was meant.
    if at.peek() == "and" && at.skip().peek().starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    JOINING.contains(&at.peek())
        || dates::weekday(at.peek()).is_some_and(|(_, whole)| whole)
        || dates::month_day(at).is_some()
        || times::time(at, Near::Nothing, |_| false).is_some()
        || at.peek() == "tonight"
        || at.peek() == "next"
}

/// What ends a series, or says how it is counted.
fn end(at: Cursor<'_>, today: NaiveDate) -> Option<(Meaning, Cursor<'_>)> {
    if let Some(until) = at.eat(&["until", "till", "til"]) {
        let (day, after) =
            dates::date(until.maybe(&["the"]), today, true).or_else(|| dates::date(until, today, true))?;
        return Some((Meaning::Until(day.date), after));
    }
    for phrase in ["after completion", "from completion", "after completing", "when done", "when completed"] {
        if let Some(after) = at.phrase(phrase) {
            return Some((Meaning::FromCompletion, after));
        }
    }
    let length = at.maybe(&["for"]);
    if let Some(n) = number(length.peek()).filter(|n| *n > 0)
        && let Some(after) = length.skip().eat(&["times", "time"])
    {
        return Some((Meaning::Times(n), after));
    }
    let (amount, after) = amount(at.eat(&["for"])?)?;
    amount.minutes().is_none().then_some((Meaning::Lasting(amount), after))
}

fn start(at: Cursor<'_>, today: NaiveDate) -> Option<(Meaning, Cursor<'_>)> {
    let from = at.eat(&["starting", "start", "beginning", "from"])?.maybe(&["on", "from"]);
    let (day, after) = dates::date(from, today, true)?;
    (!day.shy || boundary(after)).then_some((Meaning::Start(day.date), after))
}

/// `for 45 minutes`; `~45m` is a mark.
fn estimate(at: Cursor<'_>) -> Option<(Meaning, Cursor<'_>)> {
    let (parts, after) = amounts(at.eat(&["for"])?)?;
    let minutes: Option<Vec<u32>> = parts.into_iter().map(Amount::minutes).collect();
    Some((Meaning::Estimate(minutes?.into_iter().sum()), after))
}

/// Marks are one word each and may stand anywhere, even within a phrase.
pub(super) fn mark(at: Cursor<'_>) -> Option<Meaning> {
    let word = at.peek();
    if let Some(name) = at.cased().strip_prefix('#') {
        // `#123` is a number.
        let named = name.chars().any(|c| !c.is_ascii_digit()) && !name.contains('#');
        return crate::Tag::parse(name).ok().filter(|_| named).map(|tag| Meaning::Tag(tag.to_string()));
    }
    if let Some(time) = word.strip_prefix('~') {
        return length(time).map(Meaning::Estimate);
    }
    let priority = match word {
        "!urgent" | "!1" | "p1" => Priority::Urgent,
        "!high" | "!2" | "p2" => Priority::High,
        "!medium" | "!med" | "!3" | "p3" => Priority::Medium,
        "!low" | "!4" | "p4" => Priority::Low,
        _ => return None,
    };
    Some(Meaning::Priority(priority))
}

fn length(text: &str) -> Option<u32> {
    let words = super::words::split(text);
    let (parts, after) = amounts(Cursor::new(&words, 0))?;
    let minutes: Option<Vec<u32>> = parts.into_iter().map(Amount::minutes).collect();
    after.is_end().then_some(minutes?.into_iter().sum())
}
