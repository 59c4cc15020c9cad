//! `remind 1 day before`, `remind me at 8:30`, `remind me tomorrow at 9`.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::{
    amounts::{Amount, Unit, amounts},
    pieces,
    times::{self, Near, Part},
    words::Cursor,
};

/// When to remind, as it was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Remind {
    /// Nominal days and exact minutes before it is due.
    Before {
        days: u32,
        minutes: u32,
    },
    /// At a time on the day so many days before it is due.
    On {
        days: u32,
        time: NaiveTime,
    },
    At {
        date: NaiveDate,
        time: NaiveTime,
    },
}

pub(super) fn remind(at: Cursor<'_>, now: NaiveDateTime) -> Option<(Remind, Cursor<'_>)> {
    let start = match at.eat(&["remind"]) {
        Some(after) => after.maybe(&["me"]),
        None => at.eat(&["reminder", "reminders", "alert"])?,
    };
    for phrase in ["when due", "on time"] {
        if let Some(after) = start.phrase(phrase) {
            return Some((Remind::Before { days: 0, minutes: 0 }, after));
        }
    }
    before(start).or_else(|| at_time(start, now))
}

fn before(at: Cursor<'_>) -> Option<(Remind, Cursor<'_>)> {
    let (parts, after) = amounts(at)?;
    let after = match after.eat(&["before", "earlier", "ahead", "beforehand", "prior"]) {
        Some(after) => after,
        None => after.phrase("in advance")?,
    };
    let (mut days, mut minutes) = (0_u32, 0_u32);
    for Amount { n, unit } in parts {
        match unit {
            Unit::Day => days += n,
            Unit::Week => days += n * 7,
            Unit::Minute => minutes += n,
            Unit::Hour => minutes += n * 60,
            Unit::Workday | Unit::Month | Unit::Year => return None,
        }
    }
    if minutes == 0
        && let Some((clock, after)) = times::time(after, Near::Nothing, pieces::boundary)
    {
        return Some((Remind::On { days, time: clock.time }, after));
    }
    Some((Remind::Before { days, minutes }, after))
}

/// At a time, of a date if one is named beside it.
fn at_time(at: Cursor<'_>, now: NaiveDateTime) -> Option<(Remind, Cursor<'_>)> {
    let today = now.date();
    let time = |at| times::time(at, Near::Date, pieces::boundary);
    if let Some((clock, after)) = time(at) {
        return Some(match pieces::date(after, today) {
            Some((day, end)) => {
                let time = day.part.map_or(Some(clock.time), |part| clock.within(part))?;
                (Remind::At { date: day.date, time }, end)
            }
            None => (Remind::On { days: 0, time: clock.time }, after),
        });
    }
    let (day, after) = pieces::date(at, today)?;
    if let Some((clock, end)) = time(after) {
        let time = day.part.map_or(Some(clock.time), |part| clock.within(part))?;
        return Some((Remind::At { date: day.date, time }, end));
    }
    let time = day.part.unwrap_or(Part::Morning).time();
    Some((Remind::At { date: day.date, time }, after))
}
