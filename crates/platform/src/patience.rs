//! How long a subscriber puts up with an event that fails by a defect: a turn that panics, a state that cannot be read.
//!
//! Offered without end, it would hold back those behind it: its partition on Kafka, and on Redis one worker more of the
//! sidecar every ten seconds. Given up at once, a wrong moment in an upgrade would be enough.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use uuid::Uuid;

use crate::Delivery;

const LIMIT: Duration = Duration::from_secs(60);
/// What did not fail again for so long was taken.
const FORGET: Duration = Duration::from_secs(600);

/// The events of this process that failed, and when each did first. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Patience(Arc<Mutex<HashMap<Uuid, Instant>>>);

impl Patience {
    /// What to answer for an event that failed: again, until it has failed for a minute.
    pub fn failed(&self, event: Uuid) -> Delivery {
        let now = Instant::now();
        let mut failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failing.retain(|_, first| now - *first < FORGET);
        let first = *failing.entry(event).or_insert(now);
        if now - first < LIMIT {
            return Delivery::Retry;
        }
        failing.remove(&event);
        Delivery::Drop
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_event_that_fails_for_a_minute_is_given_up() {
        let (patience, event) = (Patience::default(), Uuid::from_u128(1));
        assert_eq!(patience.failed(event), Delivery::Retry);
        advance(LIMIT / 2).await;
        assert_eq!(
            (patience.failed(event), patience.failed(Uuid::from_u128(2))),
            (Delivery::Retry, Delivery::Retry)
        );
        advance(LIMIT / 2).await;
        assert_eq!(
            (patience.failed(event), patience.failed(Uuid::from_u128(2))),
            (Delivery::Drop, Delivery::Retry)
        );
        assert_eq!(patience.failed(event), Delivery::Retry, "published again, it gets another minute");
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_of_long_ago_does_not_count() {
        let (patience, event) = (Patience::default(), Uuid::from_u128(1));
        patience.failed(event);
        advance(FORGET).await;
        assert_eq!(patience.failed(event), Delivery::Retry);
    }
}
