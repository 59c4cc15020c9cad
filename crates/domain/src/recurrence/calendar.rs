//! The times on the wall that a rule names, without any zone: expansion by the `rrule` crate.
//!
//! The crate gets a floating start, written as UTC, and a rule without COUNT and UNTIL. Parts that the rule
//! leaves to its start are written out first, so that the crate can begin in any period that is in phase: near
//! the time asked for, and at the period's beginning, so that BYSETPOS counts in whole periods.

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveDateTime, TimeDelta, Timelike, Weekday};
use rrule::{Frequency, NWeekday, RRule, RRuleSet, Tz, Unvalidated};

use super::{
    read::wrong,
    rule::{Day, Freq, Rule},
};
use crate::violation::Violation;

/// The Gregorian calendar, weekdays included, repeats after 400 years.
const CYCLE: TimeDelta = TimeDelta::days(146_097);

/// The crate gives up only after the year 10,000, 19 of these cycles after the year 2400; told that it is so
/// much later, it gives up on a rule that names no time there is (30 February) within milliseconds.
const LATER: i32 = 19;

/// Where that later end lies; asking for what comes after it would be in vain.
const END: NaiveDate = NaiveDate::from_ymd_opt(2400, 1, 1).expect("a date");

/// Times of `rule` in order, beginning in the period that holds `from` and not before `start`. COUNT counts
/// the times that the rule names from `start` on, whatever becomes of them; so it has them listed from there.
pub(super) fn times(
    rule: &Rule,
    start: NaiveDateTime,
    from: NaiveDateTime,
) -> impl Iterator<Item = NaiveDateTime> + use<> {
    let from = if rule.count.is_some() { start } else { from.min(END.into()).max(start) };
    let count = rule.count.map_or(usize::MAX, |count| count as usize);
    let begin = later(period_holding(from, rule, start));
    let mut set = RRuleSet::new(begin).limit();
    for rule in written_out(rule, start) {
        set = set.rrule(rule.validate(begin).expect("a rule is read only if the crate takes it"));
    }
    set.into_iter()
        .map(|time| time.naive_utc() - CYCLE * LATER)
        .skip_while(move |time| *time < start)
        .take(count)
}

/// Whether the crate takes the rule, whatever its start. Of what the RFC allows it refuses only a BYSETPOS
/// beyond a range of its own.
pub(super) fn check(rule: &Rule) -> Result<(), Violation> {
    let begin = later(NaiveDateTime::default());
    for rule in written_out(rule, NaiveDateTime::default()) {
        rule.validate(begin).map_err(|error| wrong("BYSETPOS", "invalid_part", error))?;
    }
    Ok(())
}

fn later(local: NaiveDateTime) -> DateTime<Tz> {
    (local + CYCLE * LATER).and_utc().with_timezone(&Tz::UTC)
}

/// The beginning of the last period of the rule (year, month, week…) that is in phase with its start and does
/// not begin after `from`.
fn period_holding(from: NaiveDateTime, rule: &Rule, start: NaiveDateTime) -> NaiveDateTime {
    let interval = i64::from(rule.interval);
    // Whole intervals from the start's own period to the one that holds `from`.
    let whole = |periods: i64| periods.div_euclid(interval).max(0) * interval;
    let midnight = |date: NaiveDate| date.and_time(Default::default());
    let months_to = |from: NaiveDateTime| {
        i64::from(from.year() - start.year()) * 12 + i64::from(from.month()) - i64::from(start.month())
    };
    let add_months = |date: NaiveDate, months: i64| {
        let months = Months::new(u32::try_from(months).unwrap_or(0));
        midnight(date.with_day(1).and_then(|first| first.checked_add_months(months)).unwrap_or(date))
    };
    let on = |begin: NaiveDateTime, period: TimeDelta| {
        let periods = (from - begin).num_seconds().div_euclid(period.num_seconds());
        begin + TimeDelta::seconds(period.num_seconds() * whole(periods))
    };
    match rule.freq {
        Freq::Yearly => {
            let january = start.date().with_month0(0).unwrap_or(start.date());
            add_months(january, 12 * whole(i64::from(from.year() - start.year())))
        }
        Freq::Monthly => add_months(start.date(), whole(months_to(from))),
        Freq::Weekly => on(midnight(start.date().week(rule.week_start).first_day()), TimeDelta::weeks(1)),
        Freq::Daily => on(midnight(start.date()), TimeDelta::days(1)),
        Freq::Hourly => on(start - seconds_past(start, 3600), TimeDelta::hours(1)),
        Freq::Minutely => on(start - seconds_past(start, 60), TimeDelta::minutes(1)),
        Freq::Secondly => on(start, TimeDelta::seconds(1)),
    }
}

fn seconds_past(local: NaiveDateTime, unit: u32) -> TimeDelta {
    TimeDelta::seconds((local.num_seconds_from_midnight() % unit).into())
}

/// The rule in the crate's terms, complete without its start; nearly always one, else their union.
fn written_out(rule: &Rule, start: NaiveDateTime) -> Vec<RRule<Unvalidated>> {
    let (from_end, days): (Vec<Day>, Vec<Day>) =
        rule.by_day.iter().partition(|day| is_first_from_end(rule, day));
    let mut rules = Vec::new();
    if from_end.is_empty() || !days.is_empty() {
        rules.push(with_days(rule, start, &days));
    }
    if !from_end.is_empty() {
        // The fifth Monday from the end of a month is the Monday that has 28 more days behind it.
        let days: Vec<Day> = from_end.iter().map(|day| Day { nth: None, ..*day }).collect();
        let one = with_days(rule, start, &days);
        rules.push(match rule.freq {
            Freq::Monthly => one.by_month_day(vec![-31, -30, -29]),
            _ => one.by_year_day(vec![-366, -365]),
        });
    }
    rules
}

/// Whether it is the one numbered weekday that is right by RFC 5545 and that the crate refuses: the fifth from
/// the end of a month, the 53rd from the end of a year.
pub(super) fn is_first_from_end(rule: &Rule, day: &Day) -> bool {
    match rule.freq {
        Freq::Monthly => day.nth == Some(-5),
        Freq::Yearly => rule.by_month.is_empty() && day.nth == Some(-53),
        _ => false,
    }
}

fn with_days(rule: &Rule, start: NaiveDateTime, days: &[Day]) -> RRule<Unvalidated> {
    let freq = rule.freq;
    // What the rule does not say is as at its start.
    let mut by_month = rule.by_month.clone();
    let mut by_month_day = rule.by_month_day.clone();
    let mut days = days.to_vec();
    let day_of_start = Day { nth: None, weekday: start.weekday() };
    match freq {
        Freq::Yearly if !rule.names_days() => {
            if by_month.is_empty() {
                by_month.push(start.month() as u8);
            }
            by_month_day.push(start.day() as i8);
        }
        Freq::Monthly if !rule.names_days() => by_month_day.push(start.day() as i8),
        Freq::Weekly if days.is_empty() => days.push(day_of_start),
        // A week has seven days; one of them is meant.
        Freq::Yearly if !rule.by_week_no.is_empty() && !by_other_days(rule) => days.push(day_of_start),
        _ => {}
    }
    let time = |given: &[u8], of_start: u32, limit: Freq| match given {
        [] if freq < limit => vec![of_start as u8],
        given => given.to_vec(),
    };
    let months: Vec<_> =
        by_month.into_iter().filter_map(|month| chrono::Month::try_from(month).ok()).collect();
    RRule::new(frequency(freq))
        .interval(rule.interval)
        .week_start(rule.week_start)
        .by_month(&months)
        .by_week_no(rule.by_week_no.clone())
        .by_year_day(rule.by_year_day.clone())
        .by_month_day(by_month_day)
        .by_weekday(numbered_alike(rule, &days))
        .by_hour(time(&rule.by_hour, start.hour(), Freq::Hourly))
        .by_minute(time(&rule.by_minute, start.minute(), Freq::Minutely))
        .by_second(time(&rule.by_second, start.second(), Freq::Secondly))
        .by_set_pos(rule.by_set_pos.iter().map(|pos| i32::from(*pos)).collect())
}

fn by_other_days(rule: &Rule) -> bool {
    !(rule.by_day.is_empty() && rule.by_month_day.is_empty() && rule.by_year_day.is_empty())
}

/// `MO,1TU` means either; the crate would want a day to be both. So every Monday is written as the first to
/// the last one.
fn numbered_alike(rule: &Rule, days: &[Day]) -> Vec<NWeekday> {
    let mixed = days.iter().any(|day| day.nth.is_some()) && days.iter().any(|day| day.nth.is_none());
    let last = rule.last_nth();
    let all = |weekday: Weekday| (1..=last).map(move |nth| NWeekday::Nth(nth.into(), weekday));
    let mut written = Vec::new();
    for day in days {
        match day.nth {
            Some(nth) => written.push(NWeekday::Nth(nth.into(), day.weekday)),
            None if mixed => written.extend(all(day.weekday)),
            None => written.push(NWeekday::Every(day.weekday)),
        }
    }
    written
}

fn frequency(freq: Freq) -> Frequency {
    match freq {
        Freq::Yearly => Frequency::Yearly,
        Freq::Monthly => Frequency::Monthly,
        Freq::Weekly => Frequency::Weekly,
        Freq::Daily => Frequency::Daily,
        Freq::Hourly => Frequency::Hourly,
        Freq::Minutely => Frequency::Minutely,
        Freq::Secondly => Frequency::Secondly,
    }
}
