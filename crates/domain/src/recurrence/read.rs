//! Reads the text of a rule by the grammar of RFC 5545 section 3.3.10, and its "MUST NOT"s.

use std::{
    fmt::Display,
    ops::{Neg, RangeInclusive},
    str::FromStr,
};

use chrono::{NaiveDate, NaiveDateTime, Weekday};

use super::{
    calendar,
    rule::{Day, Freq, Rule, Until},
};
use crate::violation::Violation;

/// Longer than any sensible rule; checked before anything else is done with the text.
const MAX_CHARS: usize = 1_000;

pub(super) fn rule(text: &str) -> Result<Rule, Violation> {
    if text.len() > MAX_CHARS {
        let detail = format!("The rule has more than {MAX_CHARS} characters.");
        return Err(Violation::new("rrule", "max_length", detail));
    }
    let text = text.trim().to_ascii_uppercase();
    let parts = Parts::split(text.strip_prefix("RRULE:").unwrap_or(&text))?;
    let rule = parts.rule()?;
    check_together(&rule)?;
    calendar::check(&rule)?;
    Ok(rule)
}

/// A violation about one part of the rule.
pub(super) fn wrong(part: &str, rule: &'static str, detail: impl Display) -> Violation {
    Violation::new("rrule", rule, format!("{part}: {detail}"))
}

const PARTS: [&str; 14] = [
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "WKST",
    "BYMONTH",
    "BYWEEKNO",
    "BYYEARDAY",
    "BYMONTHDAY",
    "BYDAY",
    "BYHOUR",
    "BYMINUTE",
    "BYSECOND",
    "BYSETPOS",
];

/// `NAME=value` pairs, each name known and given once.
struct Parts<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Self, Violation> {
        let mut found: Vec<(&str, &str)> = Vec::new();
        // A semicolon at the end is common in the wild and harmless.
        for part in text.strip_suffix(';').unwrap_or(text).split(';') {
            let Some((name, value)) = part.split_once('=').filter(|(name, _)| PARTS.contains(name)) else {
                let name: String = part.chars().take_while(|c| *c != '=').take(20).collect();
                return Err(match text.is_empty() {
                    true => Violation::new("rrule", "required", "The rule is empty."),
                    false => wrong(&format!("{name:?}"), "invalid_part", "no part of a rule is named so."),
                });
            };
            if found.iter().any(|(other, _)| *other == name) {
                return Err(wrong(name, "invalid_part", "it is given twice."));
            }
            found.push((name, value));
        }
        Ok(Parts(found))
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
    }

    fn rule(&self) -> Result<Rule, Violation> {
        let freq = self.get("FREQ").ok_or_else(|| wrong("FREQ", "required", "it is missing."))?;
        let freq =
            Freq::ALL.iter().find(|(_, name)| *name == freq).map(|(freq, _)| *freq).ok_or_else(|| {
                wrong("FREQ", "unsupported_freq", "it is HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY.")
            })?;
        let week_start = match self.get("WKST") {
            None => Weekday::Mon,
            Some(text) => weekday(text)
                .ok_or_else(|| wrong("WKST", "invalid_part", "a weekday is MO, TU, WE, TH, FR, SA or SU."))?,
        };
        let mut by_second = self.numbers("BYSECOND", 0..=60)?;
        // RFC 5545: without leap seconds, 60 is 59.
        if by_second.last() == Some(&60) {
            by_second.pop();
            by_second.extend((by_second.last() != Some(&59)).then_some(59));
        }
        Ok(Rule {
            freq,
            interval: self.number("INTERVAL", "invalid_interval")?.unwrap_or(1),
            count: self.number("COUNT", "invalid_count")?,
            until: self.get("UNTIL").map(until).transpose()?,
            week_start,
            by_month: self.numbers("BYMONTH", 1..=12)?,
            by_week_no: self.signed("BYWEEKNO", 53)?,
            by_year_day: self.signed("BYYEARDAY", 366)?,
            by_month_day: self.signed("BYMONTHDAY", 31)?,
            by_day: self.days()?,
            by_hour: self.numbers("BYHOUR", 0..=23)?,
            by_minute: self.numbers("BYMINUTE", 0..=59)?,
            by_second,
            by_set_pos: self.signed("BYSETPOS", 366)?,
        })
    }

    /// A positive number.
    fn number<T: FromStr + Default + PartialEq>(
        &self,
        part: &str,
        rule: &'static str,
    ) -> Result<Option<T>, Violation> {
        let Some(text) = self.get(part) else { return Ok(None) };
        match text.parse::<T>() {
            Ok(number) if number != T::default() && !text.starts_with('+') => Ok(Some(number)),
            _ => Err(wrong(part, rule, "it is a whole number from 1, and not absurdly large.")),
        }
    }

    fn numbers<T: FromStr + Ord + Display>(
        &self,
        part: &str,
        range: RangeInclusive<T>,
    ) -> Result<Vec<T>, Violation> {
        let Some(text) = self.get(part) else { return Ok(Vec::new()) };
        let (least, most) = (range.start(), range.end());
        let mut values = Vec::new();
        for value in text.split(',') {
            let value: T = value.parse().ok().filter(|value| range.contains(value)).ok_or_else(|| {
                wrong(part, "invalid_part", format!("a value is a number from {least} to {most}."))
            })?;
            values.push(value);
        }
        values.sort_unstable();
        values.dedup();
        Ok(values)
    }

    /// Numbers that count from the end if negative; there is no zeroth.
    fn signed<T>(&self, part: &str, most: T) -> Result<Vec<T>, Violation>
    where
        T: FromStr + Ord + Display + Default + Copy + Neg<Output = T>,
    {
        let values = self.numbers(part, -most..=most)?;
        if values.contains(&T::default()) {
            return Err(wrong(part, "invalid_part", "a value is not zero."));
        }
        Ok(values)
    }

    fn days(&self) -> Result<Vec<Day>, Violation> {
        let Some(text) = self.get("BYDAY") else { return Ok(Vec::new()) };
        let mut days = text.split(',').map(day).collect::<Result<Vec<_>, _>>()?;
        days.sort_unstable_by_key(Day::order);
        days.dedup();
        Ok(days)
    }
}

fn day(text: &str) -> Result<Day, Violation> {
    let invalid = || wrong("BYDAY", "invalid_part", "a value looks like MO, 1MO or -1MO.");
    let (nth, name) = text.split_at_checked(text.len().saturating_sub(2)).ok_or_else(invalid)?;
    let nth = match nth {
        "" => None,
        nth => Some(nth.parse().ok().filter(|nth| *nth != 0).ok_or_else(invalid)?),
    };
    Ok(Day { nth, weekday: weekday(name).ok_or_else(invalid)? })
}

fn weekday(text: &str) -> Option<Weekday> {
    Day::WEEKDAYS.iter().find(|(_, name)| *name == text).map(|(weekday, _)| *weekday)
}

fn until(text: &str) -> Result<Until, Violation> {
    // The year has four digits, which chrono's %Y does not insist on.
    let four_digits = text.len() >= 8 && text.bytes().take(8).all(|byte| byte.is_ascii_digit());
    let local = |text| NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").ok();
    let until = match text.strip_suffix('Z') {
        Some(utc) => local(utc).map(|local| Until::Instant(local.and_utc())),
        None if text.contains('T') => local(text).map(Until::Local),
        None => NaiveDate::parse_from_str(text, "%Y%m%d").ok().map(Until::Date),
    };
    until.filter(|_| four_digits).ok_or_else(|| {
        wrong("UNTIL", "invalid_until", "it looks like 20261231T235959Z, or 20261231 for the whole day.")
    })
}

/// What RFC 5545 does not allow together, and the one thing we cannot expand.
fn check_together(rule: &Rule) -> Result<(), Violation> {
    let freq = rule.freq;
    let not_with_freq = |part| Err(wrong(part, "not_with_freq", format!("it does not go with FREQ={freq}.")));
    if rule.count.is_some() && rule.until.is_some() {
        return Err(wrong("COUNT", "count_and_until", "it does not go with UNTIL."));
    }
    if !rule.by_week_no.is_empty() && freq != Freq::Yearly {
        return not_with_freq("BYWEEKNO");
    }
    if !rule.by_year_day.is_empty() && matches!(freq, Freq::Monthly | Freq::Weekly | Freq::Daily) {
        return not_with_freq("BYYEARDAY");
    }
    if !rule.by_month_day.is_empty() && freq == Freq::Weekly {
        return not_with_freq("BYMONTHDAY");
    }
    check_nth_days(rule)?;
    let has_other = rule.names_days()
        || !(rule.by_month.is_empty()
            && rule.by_hour.is_empty()
            && rule.by_minute.is_empty()
            && rule.by_second.is_empty());
    if !rule.by_set_pos.is_empty() && !has_other {
        return Err(wrong("BYSETPOS", "invalid_part", "it picks from another BY part, and there is none."));
    }
    Ok(())
}

fn check_nth_days(rule: &Rule) -> Result<(), Violation> {
    let Some(most) = rule.by_day.iter().filter_map(|day| day.nth.map(i8::unsigned_abs)).max() else {
        return Ok(());
    };
    if rule.freq > Freq::Monthly {
        let detail = format!("a numbered weekday does not go with FREQ={}.", rule.freq);
        return Err(wrong("BYDAY", "not_with_freq", detail));
    }
    if !rule.by_week_no.is_empty() {
        return Err(wrong("BYDAY", "invalid_part", "a numbered weekday does not go with BYWEEKNO."));
    }
    let last = rule.last_nth();
    if most > last.unsigned_abs() {
        return Err(wrong("BYDAY", "invalid_part", format!("a number is from -{last} to {last}.")));
    }
    let is_first_from_end = |day: &Day| calendar::is_first_from_end(rule, day);
    let other_parts = !rule.by_month_day.is_empty()
        || !rule.by_year_day.is_empty()
        || (!rule.by_set_pos.is_empty() && !rule.by_day.iter().all(is_first_from_end));
    if rule.by_day.iter().any(is_first_from_end) && other_parts {
        let detail = format!("-{last} does not go with BYMONTHDAY, BYYEARDAY or BYSETPOS here.");
        return Err(wrong("BYDAY", "unsupported", detail));
    }
    Ok(())
}
