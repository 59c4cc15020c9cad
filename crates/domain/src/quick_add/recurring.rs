//! Words of repetition as a rule: `every 2 weeks on mon and thu`, `every last workday`, `weekly`.

use chrono::Weekday;

use super::{
    amounts::{number, ordinal},
    dates::{month, month_day, weekday},
    times::Part,
    words::Cursor,
};

/// A rule without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Every {
    pub(super) freq: &'static str,
    pub(super) interval: u32,
    /// `BYDAY=MO` and the like.
    pub(super) by: Vec<String>,
    /// `every!`
    pub(super) from_completion: bool,
    pub(super) part: Option<Part>,
}

impl Every {
    fn new(freq: &'static str, interval: u32) -> Self {
        Every { freq, interval, by: Vec::new(), from_completion: false, part: None }
    }

    fn by(self, by: impl IntoIterator<Item = String>) -> Self {
        Every { by: by.into_iter().collect(), ..self }
    }

    /// As RFC 5545 writes it, with another interval if given.
    pub(super) fn rrule(&self, interval: u32) -> String {
        let mut text = format!("FREQ={}", self.freq);
        if interval != 1 {
            text.push_str(&format!(";INTERVAL={interval}"));
        }
        for by in &self.by {
            text.push(';');
            text.push_str(by);
        }
        text
    }
}

const WORKDAYS: &str = "BYDAY=MO,TU,WE,TH,FR";
const AND: [&str; 2] = ["and", "&"];

/// `boundary` says whether a phrase may end before a word.
pub(super) fn every<'a>(
    at: Cursor<'a>,
    boundary: impl Fn(Cursor<'a>) -> bool,
) -> Option<(Every, Cursor<'a>)> {
    if let Some((every, after)) = adverb(at) {
        // `weekly report` is a name.
        return boundary(after).then_some((every, after));
    }
    if let Some(found) = of_each_month(at) {
        return Some(found);
    }
    let from_completion = at.peek() == "every!";
    let after = at.eat(&["every", "every!", "each"])?;
    let (every, after) =
        unit(after).or_else(|| days(after)).or_else(|| yearly(after)).or_else(|| nth(after))?;
    Some((Every { from_completion, ..every }, after))
}

/// It reads as two different rules: every other Friday, or each month's second one.
pub(super) fn is_ambiguous(at: Cursor<'_>) -> Option<Cursor<'_>> {
    if at.peek() == "biweekly" || at.peek() == "bimonthly" {
        return Some(at.skip());
    }
    let nth = at.eat(&["every", "every!"])?;
    let day = nth.eat(&["second", "2nd", "third", "3rd"])?;
    (weekday(day.peek()).is_some() || day.peek() == "day").then(|| day.skip())
}

fn adverb(at: Cursor<'_>) -> Option<(Every, Cursor<'_>)> {
    let (freq, interval) = match at.peek() {
        "hourly" => ("HOURLY", 1),
        "daily" => ("DAILY", 1),
        "weekly" => ("WEEKLY", 1),
        "fortnightly" => ("WEEKLY", 2),
        "monthly" => ("MONTHLY", 1),
        "quarterly" => ("MONTHLY", 3),
        "yearly" | "annually" => ("YEARLY", 1),
        "once" => return once_a(at.skip()),
        _ => return plural(at),
    };
    Some(on(Every::new(freq, interval), at.skip()))
}

/// `once a week`.
fn once_a(at: Cursor<'_>) -> Option<(Every, Cursor<'_>)> {
    let unit = at.eat(&["a", "an", "every", "each", "per"])?;
    let freq = match unit.peek() {
        "hour" => "HOURLY",
        "day" => "DAILY",
        "week" => "WEEKLY",
        "month" => "MONTHLY",
        "year" => "YEARLY",
        _ => return None,
    };
    Some(on(Every::new(freq, 1), unit.skip()))
}

/// `on mondays and fridays`, `weekdays`.
fn plural(at: Cursor<'_>) -> Option<(Every, Cursor<'_>)> {
    let start = at.maybe(&["on"]);
    let weekly = Every::new("WEEKLY", 1);
    match start.peek() {
        "weekdays" | "workdays" => return Some((weekly.by([WORKDAYS.into()]), start.skip())),
        "weekends" => return Some((weekly.by(["BYDAY=SA,SU".into()]), start.skip())),
        name => weekday(name.strip_suffix('s')?).filter(|(_, whole)| *whole)?,
    };
    days(start)
}

/// `day`, `2 weeks on monday`, `other month on the 15th`.
fn unit(at: Cursor<'_>) -> Option<(Every, Cursor<'_>)> {
    let (interval, name) = match at.peek() {
        "other" | "second" | "2nd" => (2, at.skip()),
        "third" | "3rd" => (3, at.skip()),
        word => number(word).filter(|n| *n > 0).map_or((1, at), |n| (n, at.skip())),
    };
    let plain = |freq, times: u32| Some(Every::new(freq, interval * times));
    let once = |every: Every| (interval == 1).then_some(every);
    let of_day = |part| once(Every { part: Some(part), ..Every::new("DAILY", 1) });
    let word = name.peek();
    let every = match word {
        "hour" | "hours" => plain("HOURLY", 1),
        "day" | "days" => plain("DAILY", 1),
        "week" | "weeks" => plain("WEEKLY", 1),
        "month" | "months" => plain("MONTHLY", 1),
        "quarter" | "quarters" => plain("MONTHLY", 3),
        "year" | "years" => plain("YEARLY", 1),
        "weekday" | "workday" => once(Every::new("WEEKLY", 1).by([WORKDAYS.into()])),
        "weekend" => once(Every::new("WEEKLY", 1).by(["BYDAY=SA,SU".into()])),
        word => Part::read(word).and_then(of_day),
    };
    if let Some(every) = every {
        return Some(on(every, name.skip()));
    }
    let after = name.eat(&["working", "business"])?.eat(&["day"])?;
    Some((once(Every::new("WEEKLY", 1).by([WORKDAYS.into()]))?, after))
}

/// `mon, wed and fri`, `other friday`, `mon-thu`.
fn days(at: Cursor<'_>) -> Option<(Every, Cursor<'_>)> {
    let (interval, first) = match at.eat(&["other"]) {
        Some(after) => (2, after),
        None => (1, at),
    };
    let (days, after) = list(first, weekdays_of_word)?;
    let mut days: Vec<Weekday> = days.into_iter().flatten().collect();
    days.sort_by_key(Weekday::num_days_from_monday);
    days.dedup();
    let names: Vec<_> = days.into_iter().map(code).collect();
    Some((Every::new("WEEKLY", interval).by([format!("BYDAY={}", names.join(","))]), after))
}

/// One word may hold several: `mon,wed`, `mon-fri`.
fn weekdays_of_word(at: Cursor<'_>) -> Option<(Vec<Weekday>, Cursor<'_>)> {
    let named = |name: &str| weekday(name).or_else(|| weekday(name.strip_suffix('s')?)).map(|found| found.0);
    let mut days = Vec::new();
    for part in at.peek().split([',', '/']) {
        match part.split_once('-') {
            None => days.push(named(part)?),
            Some((from, to)) => {
                let (mut day, to) = (named(from)?, named(to)?);
                days.push(day);
                while day != to {
                    day = day.succ();
                    days.push(day);
                }
            }
        }
    }
    Some((days, at.skip()))
}

/// What follows `every month`, `every week` or `every year`: `on the 15th`. If nothing does, the start says it.
fn on(every: Every, at: Cursor<'_>) -> (Every, Cursor<'_>) {
    let said = at.eat(&["on"]).and_then(|on| match every.freq {
        "WEEKLY" if every.by.is_empty() => {
            let (days, after) = days(on).filter(|(days, _)| days.interval == 1)?;
            Some((days.by, after))
        }
        "MONTHLY" => of_month(on),
        "YEARLY" => yearly(on).map(|(yearly, after)| (yearly.by, after)),
        _ => None,
    });
    match said {
        Some((by, after)) => (every.by(by), after),
        None => (every, at),
    }
}

/// `dec 1st`, `the 3rd sunday of october`.
fn yearly(at: Cursor<'_>) -> Option<(Every, Cursor<'_>)> {
    let yearly = Every::new("YEARLY", 1);
    if let Some((month, day, after)) = month_day(at) {
        return Some((yearly.by([format!("BYMONTH={month}"), format!("BYMONTHDAY={day}")]), after));
    }
    let (by, after) = of_month_once(at.maybe(&["the"]))?;
    let name = after.eat(&["of", "in"])?;
    let month = month(name.peek())?;
    Some((yearly.by([format!("BYMONTH={month}")].into_iter().chain(by)), name.skip()))
}

/// `on the 1st of every month`.
fn of_each_month(at: Cursor<'_>) -> Option<(Every, Cursor<'_>)> {
    let (by, after) = of_month(at.maybe(&["on"]))?;
    let each = after.eat(&["of"])?.eat(&["every", "each"])?;
    Some((Every::new("MONTHLY", 1).by(by), each.eat(&["month"])?))
}

/// `last friday`, `15th of the month`, `1st and 15th`.
fn nth(at: Cursor<'_>) -> Option<(Every, Cursor<'_>)> {
    let (by, after) = of_month(at)?;
    Some((Every::new("MONTHLY", 1).by(by), after))
}

/// Days of a month, of one kind.
fn of_month(at: Cursor<'_>) -> Option<(Vec<String>, Cursor<'_>)> {
    let item = |at: Cursor<'_>| -> Option<(Vec<String>, usize)> {
        let (by, after) = of_month_once(at.maybe(&["the"]))?;
        Some((by, after.at))
    };
    let (items, after) = list(at, |at| {
        let (by, end) = item(at)?;
        let mut after = at;
        while after.at < end {
            after = after.skip();
        }
        Some((by, after))
    })?;
    let by = merged(items)?;
    let of = after.eat(&["of", "in"]).map(|of| of.maybe(&["the"]));
    let end = of.and_then(|of| of.eat(&["month"])).unwrap_or(after);
    Some((by, end))
}

/// Several values of one part as one part; None if they are of different parts.
fn merged(items: Vec<Vec<String>>) -> Option<Vec<String>> {
    let mut items = items.into_iter();
    let mut by = items.next()?;
    for more in items {
        let ([part], [other]) = (by.as_mut_slice(), more.as_slice()) else { return None };
        let (name, value) = other.split_once('=')?;
        part.strip_prefix(name)?.strip_prefix('=')?;
        part.push(',');
        part.push_str(value);
    }
    Some(by)
}

/// `15th`, `last day`, `first monday`, `last workday`.
fn of_month_once(at: Cursor<'_>) -> Option<(Vec<String>, Cursor<'_>)> {
    let name = at.skip();
    let nth = match at.peek() {
        "last" => -1,
        word => i32::try_from(ordinal(word)?).ok()?,
    };
    let workday = match name.peek() {
        "workday" | "weekday" => Some(name.skip()),
        _ => name.eat(&["working", "business"]).and_then(|kind| kind.eat(&["day"])),
    };
    if let Some(after) = workday {
        return Some((vec![WORKDAYS.into(), format!("BYSETPOS={nth}")], after));
    }
    match name.peek() {
        "day" => Some((vec![format!("BYMONTHDAY={nth}")], name.skip())),
        word => match weekday(word) {
            Some((day, _)) if nth <= 5 => Some((vec![format!("BYDAY={nth}{}", code(day))], name.skip())),
            Some(_) => None,
            None if (1..=31).contains(&nth) => Some((vec![format!("BYMONTHDAY={nth}")], name)),
            None => None,
        },
    }
}

/// Items with commas or `and` between.
fn list<'a, T>(
    at: Cursor<'a>,
    item: impl Fn(Cursor<'a>) -> Option<(T, Cursor<'a>)>,
) -> Option<(Vec<T>, Cursor<'a>)> {
    let (first, mut after) = item(at)?;
    let mut items = vec![first];
    while let Some((next, end)) =
        (after.follows_comma() || AND.contains(&after.peek())).then(|| item(after.maybe(&AND))).flatten()
    {
        items.push(next);
        after = end;
    }
    Some((items, after))
}

fn code(day: Weekday) -> &'static str {
    ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][day.num_days_from_monday() as usize]
}
