//! When to try an entry again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
/// So much later than the backend comes back an instance may be.
const LONGEST: Duration = Duration::from_secs(60);

/// The pause after so many failed attempts in a row: twice as long each time, up to a minute. It is never given up:
/// an instance that is not made ends the series.
pub(super) fn pause_after(failures: i32) -> Duration {
    let doublings = u32::try_from(failures).unwrap_or(0).saturating_sub(1).min(16);
    (FIRST * 2_u32.pow(doublings)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute() {
        let millis: Vec<_> = (1..=9).map(|failures| pause_after(failures).as_millis()).collect();
        assert_eq!(millis, [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
        assert_eq!(pause_after(0), FIRST);
        assert_eq!(pause_after(i32::MAX), LONGEST);
    }
}
