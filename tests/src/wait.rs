//! Awaiting what comes about by itself.

use std::{fmt::Debug, time::Duration};

use chrono::{DateTime, Utc};
use tokio::time::{Instant, sleep};
use virtual_actors::{Clock, System};

/// What a machine may add to any time that is promised when everything else runs there, too.
pub const BUSY: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(50);

/// Asks until there is an answer; fails the test after `limit`.
pub async fn eventually<T>(what: &str, limit: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < limit, "not within {} s: {what}", limit.as_secs());
        sleep(POLL).await;
    }
}

/// Asks for `time` and fails the test when the answer changes; for what must not happen.
pub async fn unchanged_for<T: Debug + PartialEq>(time: Duration, mut ask: impl AsyncFnMut() -> T) {
    let (started, first) = (Instant::now(), ask().await);
    while started.elapsed() < time {
        sleep(POLL * 4).await;
        assert_eq!(ask().await, first);
    }
}

/// Fails unless something came at its time, or late by what is promised at most, and what a busy machine adds.
pub fn assert_in_time(late_ms: i64, promised: Duration) {
    let late = u64::try_from(late_ms).map(Duration::from_millis);
    assert!(late.is_ok_and(|late| late < promised + BUSY), "{late_ms} ms late, not within {promised:?}");
}

/// Waits for an instant.
pub async fn sleep_until(instant: DateTime<Utc>) {
    // None when it has passed.
    if let Ok(left) = (instant - System.now()).to_std() {
        sleep(left).await;
    }
}
