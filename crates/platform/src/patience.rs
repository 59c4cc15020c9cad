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
/// On Redis copies of one event are in several workers' hands; those that come so soon after it was given up go with it.
const COPIES: Duration = Duration::from_secs(120);
/// What did not fail again for so long is no longer offered, or offered to another replica.
const FORGET: Duration = Duration::from_secs(600);

/// The events of this process that failed, and since when. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Patience(Arc<Mutex<HashMap<Uuid, Failing>>>);

#[derive(Clone, Copy, Debug)]
enum Failing {
    Since(Instant),
    GivenUp(Instant),
}

impl Failing {
    fn is_worth_keeping(self, now: Instant) -> bool {
        match self {
            Self::Since(first) => now - first < FORGET,
            Self::GivenUp(at) => now - at < COPIES,
        }
    }
}

impl Patience {
    /// What to answer for an event that failed: again, until it has done nothing but fail for a minute.
    pub fn failed(&self, event: Uuid) -> Delivery {
        let now = Instant::now();
        let mut failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failing.retain(|_, state| state.is_worth_keeping(now));
        match *failing.entry(event).or_insert(Failing::Since(now)) {
            Failing::Since(first) if now - first < LIMIT => return Delivery::Retry,
            Failing::Since(_) => failing.insert(event, Failing::GivenUp(now)),
            Failing::GivenUp(_) => None,
        };
        Delivery::Drop
    }

    /// What to answer for an event that was taken.
    pub fn taken(&self, event: Uuid) -> Delivery {
        self.forget(event);
        Delivery::Success
    }

    /// What to answer for an event that waits for something that is away.
    pub fn waits(&self, event: Uuid) -> Delivery {
        self.forget(event);
        Delivery::Retry
    }

    /// Should it fail again, its minute begins anew.
    fn forget(&self, event: Uuid) {
        let mut failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One that was given up stays so, whatever becomes of a copy.
        failing.retain(|id, state| *id != event || matches!(state, Failing::GivenUp(_)));
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_event_that_fails_for_a_minute_is_given_up() {
        let (patience, event, other) = (Patience::default(), Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(patience.failed(event), Delivery::Retry);
        advance(LIMIT / 2).await;
        assert_eq!((patience.failed(event), patience.failed(other)), (Delivery::Retry, Delivery::Retry));
        advance(LIMIT / 2).await;
        assert_eq!((patience.failed(event), patience.failed(other)), (Delivery::Drop, Delivery::Retry));
    }

    #[tokio::test(start_paused = true)]
    async fn its_copies_go_with_it_and_one_published_again_later_gets_another_minute() {
        let (patience, event) = (Patience::default(), Uuid::from_u128(1));
        patience.failed(event);
        advance(LIMIT).await;
        assert_eq!(patience.failed(event), Delivery::Drop);
        advance(COPIES / 2).await;
        patience.forget(event);
        assert_eq!(patience.failed(event), Delivery::Drop);
        advance(COPIES / 2).await;
        assert_eq!(patience.failed(event), Delivery::Retry);
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_minute_of_nothing_but_failures_counts() {
        let (patience, event) = (Patience::default(), Uuid::from_u128(1));
        patience.failed(event);
        advance(LIMIT / 2).await;
        patience.forget(event);
        advance(LIMIT / 2).await;
        assert_eq!(patience.failed(event), Delivery::Retry);

        patience.failed(event);
        advance(FORGET).await;
        assert_eq!(patience.failed(event), Delivery::Retry, "it failed long ago");
    }
}
