//! Numbers and lengths of time: `3 days`, `an hour`, `45min`, `1h30m`, `half an hour`.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

use super::words::Cursor;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Minute,
    Hour,
    Day,
    Workday,
    Week,
    Month,
    Year,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) n: u32,
    pub(super) unit: Unit,
}

/// More of anything is no plan.
const MOST: u32 = 10_000;

impl Amount {
    /// None for hours and minutes, which are no matter of dates, and beyond the calendar.
    pub(super) fn after(self, date: NaiveDate) -> Option<NaiveDate> {
        let n = self.n;
        match self.unit {
            Unit::Minute | Unit::Hour => None,
            Unit::Day => date.checked_add_days(Days::new(n.into())),
            Unit::Week => date.checked_add_days(Days::new(u64::from(n) * 7)),
            Unit::Month => date.checked_add_months(Months::new(n)),
            Unit::Year => date.checked_add_months(Months::new(n * 12)),
            Unit::Workday => {
                let is_workday = |day: &NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
                date.iter_days().skip(1).filter(is_workday).nth(usize::try_from(n.checked_sub(1)?).ok()?)
            }
        }
    }

    /// Whole minutes, of hours and minutes.
    pub(super) fn minutes(self) -> Option<u32> {
        match self.unit {
            Unit::Minute => Some(self.n),
            Unit::Hour => Some(self.n * 60),
            _ => None,
        }
    }
}

pub(super) fn number(word: &str) -> Option<u32> {
    const WORDS: [&str; 12] =
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    if let Some(at) = WORDS.iter().position(|one| *one == word) {
        return u32::try_from(at + 1).ok();
    }
    let digits = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    word.parse().ok().filter(|n| digits && *n <= MOST)
}

/// `1st`, `22nd`, `15th`, `first` to `fifth`.
pub(super) fn ordinal(word: &str) -> Option<u32> {
    const WORDS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];
    if let Some(at) = WORDS.iter().position(|one| *one == word) {
        return u32::try_from(at + 1).ok();
    }
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let n = number(digits)?;
    let suffix = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    (word.strip_prefix(digits) == Some(suffix)).then_some(n)
}

pub(super) fn amount(at: Cursor<'_>) -> Option<(Amount, Cursor<'_>)> {
    if let Some(after) = at.phrase("half an hour") {
        return Some((Amount { n: 30, unit: Unit::Minute }, after));
    }
    if let Some(after) = at.eat(&["a", "an"]) {
        let (unit, after) = unit(after)?;
        return Some((Amount { n: 1, unit }, after));
    }
    let word = at.peek();
    if let Some(hours) = halves(word) {
        let after = at.skip().eat(&["h", "hour", "hours"])?;
        return Some((Amount { n: hours * 30, unit: Unit::Minute }, after));
    }
    if let Some(n) = number(word).filter(|n| *n > 0) {
        let (unit, after) = unit(at.skip())?;
        return Some((Amount { n, unit }, after));
    }
    Some((glued(word)?, at.skip()))
}

/// `1.5` as half hours.
fn halves(word: &str) -> Option<u32> {
    number(word.strip_suffix(".5")?).map(|n| n * 2 + 1)
}

/// `45min`, `2d`.
fn glued(word: &str) -> Option<Amount> {
    if let Some(half_hours) = word.strip_suffix('h').and_then(halves) {
        return Some(Amount { n: half_hours * 30, unit: Unit::Minute });
    }
    let letters = word.find(|c: char| !c.is_ascii_digit())?;
    let (digits, name) = word.split_at(letters);
    let unit = match name {
        "m" => Unit::Minute,
        "d" => Unit::Day,
        "w" => Unit::Week,
        name => named(name)?,
    };
    number(digits).filter(|n| *n > 0).map(|n| Amount { n, unit })
}

fn unit(at: Cursor<'_>) -> Option<(Unit, Cursor<'_>)> {
    if let Some(kind) = at.eat(&["working", "business"]) {
        return Some((Unit::Workday, kind.eat(&["day", "days"])?));
    }
    Some((named(at.peek())?, at.skip()))
}

fn named(word: &str) -> Option<Unit> {
    Some(match word {
        "min" | "mins" | "minute" | "minutes" => Unit::Minute,
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Hour,
        "day" | "days" => Unit::Day,
        "workday" | "workdays" | "weekday" | "weekdays" => Unit::Workday,
        "week" | "weeks" | "wk" | "wks" => Unit::Week,
        "month" | "months" => Unit::Month,
        "year" | "years" | "yr" | "yrs" => Unit::Year,
        _ => return None,
    })
}

/// `1h30m` and `1h 30m` as two amounts, in falling order of their units.
pub(super) fn amounts(at: Cursor<'_>) -> Option<(Vec<Amount>, Cursor<'_>)> {
    let (first, mut after) = match compound(at.peek()) {
        Some(two) => return Some((two.to_vec(), at.skip())),
        None => amount(at)?,
    };
    let mut all = vec![first];
    if first.unit == Unit::Hour
        && let Some((second, end)) = amount(after)
        && second.unit == Unit::Minute
    {
        all.push(second);
        after = end;
    }
    Some((all, after))
}

fn compound(word: &str) -> Option<[Amount; 2]> {
    let (hours, minutes) = word.split_once('h')?;
    let minutes = minutes.strip_suffix("min").or(minutes.strip_suffix('m')).unwrap_or(minutes);
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    Some([Amount { n: hours, unit: Unit::Hour }, Amount { n: minutes, unit: Unit::Minute }])
}
