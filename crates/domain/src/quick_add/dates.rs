//! Dates: `tomorrow`, `next friday`, `in 3 days`, `dec 1st`, `2026-12-01`, `end of month`.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

use super::{
    amounts::{amount, number, ordinal},
    times::Part,
    words::Cursor,
};

/// A date as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) date: NaiveDate,
    pub(super) part: Option<Part>,
    /// It could as well belong to a name, so nothing that it may describe can follow.
    pub(super) shy: bool,
}

impl Day {
    fn plain(date: NaiveDate) -> Self {
        Day { date, part: None, shy: false }
    }

    fn shy(date: NaiveDate) -> Self {
        Day { shy: true, ..Day::plain(date) }
    }
}

/// The date itself, without a preposition. `led` says that one stands before it, so that `sat` is a day.
pub(super) fn date(at: Cursor<'_>, today: NaiveDate, led: bool) -> Option<(Day, Cursor<'_>)> {
    let readers = [relative, calendar, numeric];
    let (day, after) =
        readers.into_iter().find_map(|read| read(at, today)).or_else(|| weekdays(at, today, led))?;
    // `tomorrow evening`
    match Part::read(after.peek()).filter(|_| day.part.is_none()) {
        Some(part) => Some((Day { part: Some(part), shy: false, ..day }, after.skip())),
        None => Some((day, after)),
    }
}

fn relative(at: Cursor<'_>, today: NaiveDate) -> Option<(Day, Cursor<'_>)> {
    let word = at.peek();
    let after = at.skip();
    let tomorrow = today.succ_opt()?;
    match word {
        "today" => return Some((Day::plain(today), after)),
        "tomorrow" | "tmr" | "tmrw" => return Some((Day::plain(tomorrow), after)),
        "tonight" => return Some((Day { part: Some(Part::Night), ..Day::plain(today) }, after)),
        "this" if Part::read(after.peek()).is_some() => return Some((Day::plain(today), after)),
        "eom" => return Some((Day::plain(last_of_month(today)?), after)),
        "eoy" => return Some((Day::plain(NaiveDate::from_ymd_opt(today.year(), 12, 31)?), after)),
        _ => {}
    }
    if let Some(after) = at.maybe(&["the"]).phrase("day after tomorrow") {
        return Some((Day::plain(tomorrow.succ_opt()?), after));
    }
    if let Some((length, after)) = at.eat(&["in"]).and_then(amount) {
        return Some((Day::plain(length.after(today)?), after));
    }
    if let Some((length, after)) = amount(at)
        && let Some(after) = after.eat(&["from"]).and_then(|from| from.eat(&["now", "today"]))
    {
        return Some((Day::plain(length.after(today)?), after));
    }
    end_of(at, today)
}

fn end_of(at: Cursor<'_>, today: NaiveDate) -> Option<(Day, Cursor<'_>)> {
    let of = at.maybe(&["the"]).phrase("end of")?;
    let (next, of) = match of.eat(&["next"]) {
        Some(of) => (1, of),
        None => (0, of.maybe(&["the", "this"])),
    };
    let date = match of.peek() {
        "month" => last_of_month(today.checked_add_months(Months::new(next))?)?,
        "year" => NaiveDate::from_ymd_opt(today.year() + i32::try_from(next).ok()?, 12, 31)?,
        name if next == 0 => {
            let month = month(name)?;
            let this_year = last_of_month(NaiveDate::from_ymd_opt(today.year(), month, 1)?)?;
            if this_year >= today {
                this_year
            } else {
                last_of_month(NaiveDate::from_ymd_opt(today.year() + 1, month, 1)?)?
            }
        }
        _ => return None,
    };
    Some((Day::plain(date), of.skip()))
}

/// `friday`, `next friday`, `next week`, `this weekend`. A bare weekday is the next such day after today,
/// `next friday` the one of next week.
fn weekdays(at: Cursor<'_>, today: NaiveDate, led: bool) -> Option<(Day, Cursor<'_>)> {
    let monday = today - Days::new(today.weekday().num_days_from_monday().into());
    let next_monday = monday.checked_add_days(Days::new(7))?;
    let of_next_week = |day: Weekday| next_monday + Days::new(day.num_days_from_monday().into());
    if let Some(next) = at.eat(&["next"]) {
        let after = next.skip();
        return match next.peek() {
            "week" => {
                let on = after.maybe(&["on"]);
                Some(match weekday(on.peek()) {
                    Some((day, _)) => (Day::plain(of_next_week(day)), on.skip()),
                    None => (Day::plain(next_monday), after),
                })
            }
            "weekend" => Some((Day::plain(of_next_week(Weekday::Sat)), after)),
            "month" => Some((Day::plain(today.with_day(1)?.checked_add_months(Months::new(1))?), after)),
            "year" => Some((Day::plain(NaiveDate::from_ymd_opt(today.year() + 1, 1, 1)?), after)),
            name => Some((Day::shy(of_next_week(weekday(name)?.0)), after)),
        };
    }
    let (led, at) = match at.eat(&["this", "coming"]) {
        Some(after) => (true, after),
        None => (led, at),
    };
    if at.peek() == "weekend" && led {
        let is_now = matches!(today.weekday(), Weekday::Sat | Weekday::Sun);
        let date = if is_now { today } else { coming(today, Weekday::Sat) };
        return Some((Day::plain(date), at.skip()));
    }
    let (day, whole) = weekday(at.peek())?;
    let after = at.skip();
    if let Some(after) = after.phrase("next week") {
        return Some((Day::plain(of_next_week(day)), after));
    }
    // `sat` and `sun` are words, too.
    let day = coming(today, day);
    (whole || led || next_is_time(after)).then_some((Day::shy(day), after))
}

fn next_is_time(at: Cursor<'_>) -> bool {
    Part::read(at.peek()).is_some() || super::times::time(at, super::times::Near::Date, |_| true).is_some()
}

fn coming(today: NaiveDate, day: Weekday) -> NaiveDate {
    let ahead = (day.num_days_from_monday() + 7 - today.weekday().num_days_from_monday()) % 7;
    today + Days::new(if ahead == 0 { 7 } else { ahead }.into())
}

/// `1 dec`, `1st of december 2027`, `dec 1st, 2027`, `the 15th`.
fn calendar(at: Cursor<'_>, today: NaiveDate) -> Option<(Day, Cursor<'_>)> {
    if let Some((month, day, after)) = month_day(at) {
        let may_be_a_word = matches!(at.peek(), "may" | "march" | "mar");
        if let Some(year) = number(after.peek()).filter(|year| (1970..=2099).contains(year)) {
            let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
            return Some((Day::plain(date), after.skip()));
        }
        // Eight years are enough for a leap day.
        let date = (0..=8).find_map(|years| {
            NaiveDate::from_ymd_opt(today.year() + years, month, day).filter(|date| *date >= today)
        })?;
        return Some((Day { date, part: None, shy: may_be_a_word }, after));
    }
    let the = at.eat(&["the"])?;
    let day = ordinal(the.peek()).filter(|_| the.peek().starts_with(|c: char| c.is_ascii_digit()))?;
    let first = today.with_day(1)?;
    let date = (0..=2).find_map(|months| {
        first.checked_add_months(Months::new(months))?.with_day(day).filter(|date| *date >= today)
    })?;
    Some((Day::shy(date), the.skip()))
}

/// A day of a month by name, in either order; its year is not looked at.
pub(super) fn month_day(at: Cursor<'_>) -> Option<(u32, u32, Cursor<'_>)> {
    let day_of = |word: &str| number(word).filter(|_| word.len() <= 2).or_else(|| ordinal(word));
    let (month, day, after) = if let Some(name) = month(at.peek()) {
        let day = at.skip();
        (name, day_of(day.peek())?, day.skip())
    } else {
        let at = at.maybe(&["the"]);
        let name = at.skip().maybe(&["of"]);
        (month(name.peek())?, day_of(at.peek())?, name.skip())
    };
    // In a leap year, so that the 29th of February is one.
    NaiveDate::from_ymd_opt(2028, month, day).map(|_| (month, day, after))
}

/// `2026-12-01`, `2026-12-01T09:00` without its time, `1.12.2026`, `13/12/2026`.
fn numeric(at: Cursor<'_>, _: NaiveDate) -> Option<(Day, Cursor<'_>)> {
    let word = at.peek();
    let date = match slashed(word) {
        Some((first, second, year)) if first > 12 || first == second => {
            NaiveDate::from_ymd_opt(year, second, first)
        }
        Some((first, second, year)) if second > 12 => NaiveDate::from_ymd_opt(year, first, second),
        Some(_) => None,
        None if word.contains('.') => {
            let (day, month, year) = three(word, '.')?;
            NaiveDate::from_ymd_opt(year, month, day)
        }
        None if word.len() == 10 => {
            NaiveDate::parse_from_str(word, "%Y-%m-%d").ok().filter(|date| date.to_string() == word)
        }
        None => None,
    };
    Some((Day::plain(date?), at.skip()))
}

/// Whether the day or the month comes first cannot be known.
pub(super) fn is_ambiguous(word: &str) -> bool {
    slashed(word).is_some_and(|(first, second, _)| first != second && first <= 12 && second <= 12)
}

fn slashed(word: &str) -> Option<(u32, u32, i32)> {
    three(word, '/')
}

fn three(word: &str, by: char) -> Option<(u32, u32, i32)> {
    let mut parts = word.split(by);
    let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
    let sound = parts.next().is_none() && year.len() == 4;
    let (first, second, year) = (number(first)?, number(second)?, number(year)?);
    (sound && first > 0 && second > 0).then_some((first, second, i32::try_from(year).ok()?))
}

fn last_of_month(date: NaiveDate) -> Option<NaiveDate> {
    date.with_day(1)?.checked_add_months(Months::new(1))?.pred_opt()
}

/// The weekday, and whether its name is written out.
pub(super) fn weekday(word: &str) -> Option<(Weekday, bool)> {
    Some(match word {
        "monday" => (Weekday::Mon, true),
        "tuesday" => (Weekday::Tue, true),
        "wednesday" => (Weekday::Wed, true),
        "thursday" => (Weekday::Thu, true),
        "friday" => (Weekday::Fri, true),
        "saturday" => (Weekday::Sat, true),
        "sunday" => (Weekday::Sun, true),
        "mon" => (Weekday::Mon, false),
        "tue" | "tues" => (Weekday::Tue, false),
        "wed" => (Weekday::Wed, false),
        "thu" | "thur" | "thurs" => (Weekday::Thu, false),
        "fri" => (Weekday::Fri, false),
        "sat" => (Weekday::Sat, false),
        "sun" => (Weekday::Sun, false),
        _ => return None,
    })
}

pub(super) fn month(word: &str) -> Option<u32> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let at = NAMES.iter().position(|name| *name == word || &name[..3] == word);
    at.or((word == "sept").then_some(8)).and_then(|at| u32::try_from(at + 1).ok())
}
