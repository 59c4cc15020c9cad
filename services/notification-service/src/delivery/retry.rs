//! When to try a mail again.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(5);
/// So much later than the mail server comes back a mail may be: short, because reminders are for now.
const LONGEST: Duration = Duration::from_secs(15 * 60);
const ATTEMPTS: u32 = 100;

/// The pause after the `attempts`-th failed attempt: five seconds, three times as long each time, up to a
/// quarter of an hour. `None` after about a day: a reminder older than that helps nobody.
pub(super) fn pause_after(attempts: i32) -> Option<Duration> {
    let attempts = u32::try_from(attempts).unwrap_or(0).max(1);
    if attempts >= ATTEMPTS {
        return None;
    }
    Some(FIRST.saturating_mul(3_u32.saturating_pow(attempts - 1)).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_quarter_of_an_hour() {
        let seconds: Vec<_> = (1..=8).map(|attempts| pause_after(attempts).unwrap().as_secs()).collect();
        assert_eq!(seconds, [5, 15, 45, 135, 405, 900, 900, 900]);
    }

    #[test]
    fn it_is_given_up_after_about_a_day() {
        let total: Duration = (1..).map_while(pause_after).sum();
        let hours = total.as_secs() / 3600;
        assert!((20..30).contains(&hours), "{hours} h");
    }

    #[test]
    fn no_count_is_out_of_range() {
        assert_eq!(pause_after(0), Some(FIRST));
        assert_eq!(pause_after(-1), Some(FIRST));
        assert_eq!(pause_after(i32::MAX), None);
    }
}
