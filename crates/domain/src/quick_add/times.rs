//! Times of day: `at 9`, `9:30 am`, `17:30`, `noon`, `in the evening`.

use chrono::NaiveTime;

use super::words::Cursor;

/// Part of a day that was named instead of a time, or beside one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Morning,
    Afternoon,
    Evening,
    Night,
}

impl Part {
    pub(super) fn read(word: &str) -> Option<Self> {
        Some(match word {
            "morning" => Part::Morning,
            "afternoon" => Part::Afternoon,
            "evening" => Part::Evening,
            "night" => Part::Night,
            _ => return None,
        })
    }

    /// What it stands for if no time is named.
    pub(super) fn time(self) -> NaiveTime {
        let hour = match self {
            Part::Morning => 9,
            Part::Afternoon => 15,
            Part::Evening => 19,
            Part::Night => 20,
        };
        NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) time: NaiveTime,
    /// Written without am or pm, so that `tonight at 9` may mean 21:00.
    pub(super) open: bool,
}

impl Clock {
    fn new(hour: u32, minute: u32, open: bool) -> Option<Self> {
        Some(Clock { time: NaiveTime::from_hms_opt(hour, minute, 0)?, open })
    }

    /// None if it does not lie in that part of the day.
    pub(super) fn within(self, part: Part) -> Option<NaiveTime> {
        use chrono::Timelike;
        let hour = self.time.hour();
        let later = match part {
            Part::Morning if hour < 12 => self.time,
            Part::Afternoon | Part::Evening | Part::Night if (13..24).contains(&hour) => self.time,
            Part::Afternoon if hour == 12 => self.time,
            Part::Afternoon if self.open && (1..=5).contains(&hour) => self.time.with_hour(hour + 12)?,
            Part::Evening | Part::Night if self.open && (5..12).contains(&hour) => {
                self.time.with_hour(hour + 12)?
            }
            _ => return None,
        };
        Some(later)
    }
}

/// How a time may be written where it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Near {
    /// Beside a date, so that `9:30` is one.
    Date,
    Nothing,
}

/// `boundary` says whether a phrase may end before a word.
pub(super) fn time<'a>(
    at: Cursor<'a>,
    near: Near,
    boundary: impl Fn(Cursor<'a>) -> bool,
) -> Option<(Clock, Cursor<'a>)> {
    let (said_at, start) = match at.eat(&["at", "@"]) {
        Some(after) => (true, after),
        None => (false, at.maybe(&["by"])),
    };
    if let Some(after) = start.eat(&["noon", "midday"]) {
        return Some((Clock::new(12, 0, false)?, after));
    }
    let (clock, after, sure) = clock(start)?;
    if let Some(part) = part_of_day(after) {
        return Some((Clock { time: clock.within(part.0)?, open: false }, part.1));
    }
    let two_digits = start.peek().split(':').next().is_some_and(|hour| hour.len() == 2);
    let is_time = match (sure, start.peek().contains(':')) {
        (true, _) => true,
        (false, true) => said_at || near == Near::Date || two_digits || start.at > at.at,
        // A number is a time only where nothing that is counted can follow: `at 5 Main Street` is an address.
        (false, false) => said_at && boundary(after),
    };
    is_time.then_some((clock, after))
}

/// `in the evening`, `at night`.
pub(super) fn part_of_day(at: Cursor<'_>) -> Option<(Part, Cursor<'_>)> {
    if let Some(after) = at.phrase("at night") {
        return Some((Part::Night, after));
    }
    let name = at.phrase("in the")?;
    Some((Part::read(name.peek()).filter(|part| *part != Part::Night)?, name.skip()))
}

/// The clock, and whether it can be nothing else.
fn clock(at: Cursor<'_>) -> Option<(Clock, Cursor<'_>, bool)> {
    let word = at.peek();
    let letters = word.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(word.len());
    let (digits, suffix) = word.split_at(letters);
    let (hour, minute) = match digits.split_once(':') {
        Some((hour, minute)) if minute.len() == 2 && (1..=2).contains(&hour.len()) => (hour, minute),
        None if (1..=2).contains(&digits.len()) => (digits, "0"),
        _ => return None,
    };
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    let (suffix, after) = match suffix {
        "" => match at.skip().peek() {
            next @ ("am" | "pm" | "a.m" | "p.m" | "o'clock" | "oclock") => (next, at.skip().skip()),
            _ => ("", at.skip()),
        },
        suffix => (suffix, at.skip()),
    };
    let half = |add: u32| (1..=12).contains(&hour).then_some(hour % 12 + add);
    match suffix {
        "am" | "a.m" => Some((Clock::new(half(0)?, minute, false)?, after, true)),
        "pm" | "p.m" => Some((Clock::new(half(12)?, minute, false)?, after, true)),
        "o'clock" | "oclock" => Some((Clock::new(hour, minute, (1..=12).contains(&hour))?, after, true)),
        "" => {
            let open = (1..=12).contains(&hour) && !digits.starts_with('0');
            Some((Clock::new(hour, minute, open)?, after, false))
        }
        _ => None,
    }
}
