//! Which rules a person may have. The grammar allows ones that cost gigabytes and help nobody.

use super::{
    read::wrong,
    rule::{Freq, Rule},
};
use crate::violation::Violation;

/// An interval longer than any plan: 9999 hours are more than a year.
const MAX_INTERVAL: u16 = 9_999;

/// A counted series is listed from its start each time, so this bounds what its next occurrence costs.
const MAX_COUNT: u32 = 10_000;

/// One in five minutes. More would be MINUTELY or SECONDLY by another name.
const MAX_TIMES_A_DAY: usize = 288;

/// Occurrences in one period; the crate makes all of a period's at once.
const MAX_COMBINATIONS: usize = 10_000;

/// The first limit the rule breaks.
pub(super) fn check(rule: &Rule) -> Result<(), Violation> {
    if rule.freq > Freq::Hourly {
        let detail = format!("a task does not recur {}; HOURLY is the finest.", rule.freq);
        return Err(wrong("FREQ", "unsupported_freq", detail));
    }
    if rule.interval > MAX_INTERVAL {
        return Err(wrong("INTERVAL", "invalid_interval", format!("at most {MAX_INTERVAL}.")));
    }
    if rule.count.is_some_and(|count| count > MAX_COUNT) {
        return Err(wrong("COUNT", "invalid_count", format!("at most {MAX_COUNT}.")));
    }
    let hours =
        if rule.freq == Freq::Hourly && rule.by_hour.is_empty() { 24 } else { rule.by_hour.len().max(1) };
    let in_hour = rule.by_minute.len().max(1) * rule.by_second.len().max(1);
    if hours * in_hour > MAX_TIMES_A_DAY {
        let detail =
            format!("together they make {} times a day; at most {MAX_TIMES_A_DAY}.", hours * in_hour);
        return Err(wrong("BYHOUR, BYMINUTE, BYSECOND", "too_many_combinations", detail));
    }
    let most = days_in_period(rule) * if rule.freq == Freq::Hourly { in_hour } else { hours * in_hour };
    if most > MAX_COMBINATIONS {
        let detail = format!(
            "with the days they make up to {most} occurrences in one period; at most {MAX_COMBINATIONS}."
        );
        return Err(wrong("BYHOUR, BYMINUTE, BYSECOND", "too_many_combinations", detail));
    }
    // The crate would look for it in a hundred thousand periods.
    let beyond = |pos: &i16| usize::from(pos.unsigned_abs()) > most;
    if !rule.by_set_pos.is_empty() && rule.by_set_pos.iter().all(beyond) {
        let detail = format!("no period has more than {most} occurrences to pick from.");
        return Err(wrong("BYSETPOS", "invalid_part", detail));
    }
    Ok(())
}

/// At least as many as there can be.
fn days_in_period(rule: &Rule) -> usize {
    let months = if rule.by_month.is_empty() { 12 } else { rule.by_month.len() };
    // How often something lies in the period that lies so often in a month or in a year.
    let often = |in_month: usize, in_year: usize| match rule.freq {
        Freq::Yearly if rule.by_month.is_empty() => in_year,
        Freq::Yearly => in_month * months,
        Freq::Monthly => in_month,
        _ => 1,
    };
    if !rule.names_days() {
        return often(1, 1);
    }
    let all = if rule.freq == Freq::Weekly { 7 } else { often(31, 366) };
    let weekdays = rule.by_day.iter().map(|day| if day.nth.is_some() { often(1, 1) } else { often(5, 53) });
    let lists = [
        rule.by_year_day.len(),
        rule.by_month_day.len() * often(1, 12),
        // The first week may lie in a year twice, at its either end.
        rule.by_week_no.len() * 14,
        weekdays.sum(),
    ];
    lists.into_iter().filter(|days| *days > 0).fold(all, usize::min)
}
