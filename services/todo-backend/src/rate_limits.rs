//! How many requests a token, or an address without one, may send in a window of time.
//!
//! What is given out is counted in Dapr's state store, once for all replicas; but not request by request. A replica takes
//! a portion of the window's limit, by a write of which the first of two wins, and gives that out by itself. What it
//! gives out before its first portion are [`share::free`] requests, so that who sends few costs no call at all. So
//! replicas together give out at most the limit and, each of those that never asked, that many free ones.
//!
//! While the state store does not answer, requests pass, and each replica counts its own.

mod layer;
mod share;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use platform::state_store::{self, Change, StateStore};
use tokio::time::timeout;

pub(crate) use self::layer::limit;
use self::share::{Counter, Share};

/// A request does not wait longer for a portion.
const PATIENCE: Duration = Duration::from_millis(500);

/// So many requests in each window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    /// As it is called in the headers.
    pub(crate) name: &'static str,
    /// Zero: without end.
    pub(crate) limit: u32,
    /// In seconds, at least one.
    pub(crate) window: u32,
}

pub(crate) struct RateLimits {
    store: Arc<dyn StateStore>,
    pub(crate) of_tokens: Policy,
    pub(crate) of_addresses: Policy,
    shares: Mutex<Shares>,
}

#[derive(Default)]
struct Shares {
    /// With when their window ends, in seconds of the Unix time.
    by_key: HashMap<String, (i64, Arc<tokio::sync::Mutex<Share>>)>,
    /// When those of windows that are over were last dropped.
    swept: i64,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) allowed: bool,
    /// How many more there may be in this window, as far as this replica knows.
    pub(crate) remaining: u32,
    /// Seconds until the next window.
    pub(crate) reset: u32,
}

impl RateLimits {
    pub(crate) fn new(store: Arc<dyn StateStore>, of_tokens: Policy, of_addresses: Policy) -> Self {
        Self { store, of_tokens, of_addresses, shares: Mutex::default() }
    }

    /// Counts a request; nothing where there is no limit.
    pub(crate) async fn take(&self, policy: &Policy, key: &str, now: DateTime<Utc>) -> Option<Verdict> {
        if policy.limit == 0 {
            return None;
        }
        let length = i64::from(policy.window.max(1));
        let (window, into) = (now.timestamp().div_euclid(length), now.timestamp().rem_euclid(length));
        let reset = u32::try_from(length - into).unwrap_or(1);
        let share = self.share(key, (window + 1) * length, now.timestamp());
        // Held over the call: of requests that come at once one asks for a portion.
        let mut share = share.lock().await;
        if share.must_ask(policy.limit) {
            self.ask(&mut share, policy, &format!("rate-{key}-{window}")).await;
        }
        let allowed = share.take(policy.limit);
        Some(Verdict { allowed, remaining: share.remaining(policy.limit), reset })
    }

    /// Takes a portion from the counter of all.
    async fn ask(&self, share: &mut Share, policy: &Policy, entry: &str) {
        let ttl = Duration::from_secs(2 * u64::from(policy.window.max(1)));
        let (limit, unreported) = (policy.limit, share.unreported(policy.limit));
        let asked = state_store::update(self.store.as_ref(), entry, |counter: Option<Counter>| {
            let before = counter.unwrap_or_default();
            let (counter, portion) = before.give(limit, unreported);
            let change = if counter == before { Change::Nothing } else { Change::Save(counter, ttl) };
            (change, (portion, counter.left(limit)))
        });
        match timeout(PATIENCE, asked).await {
            Ok(Ok((portion, left))) => share.receive(portion, left),
            Ok(Err(error)) => {
                tracing::warn!(%error, "rate limits are counted by this replica alone");
                share.count_alone();
            }
            Err(_) => {
                tracing::warn!("the state store is slow: rate limits are counted by this replica alone");
                share.count_alone();
            }
        }
    }

    fn share(&self, key: &str, ends: i64, now: i64) -> Arc<tokio::sync::Mutex<Share>> {
        const SWEEP: i64 = 10;
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if now >= shares.swept + SWEEP {
            shares.swept = now;
            shares.by_key.retain(|_, (ends, _)| *ends > now);
        }
        let (of_window, share) = shares.by_key.entry(key.to_owned()).or_default();
        if *of_window != ends {
            (*of_window, *share) = (ends, Arc::default());
        }
        share.clone()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use platform::state_store::MemoryState;
    use proptest::prelude::*;

    use super::*;

    const POLICY: Policy = Policy { name: "token", limit: 200, window: 60 };

    fn replicas(count: usize) -> (Arc<MemoryState>, Vec<RateLimits>) {
        let store = Arc::new(MemoryState::default());
        let replica = |_| RateLimits::new(store.clone(), POLICY, POLICY);
        (store.clone(), (0..count).map(replica).collect())
    }

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_020, 0).unwrap()
    }

    async fn allowed(replica: &RateLimits, at: DateTime<Utc>) -> bool {
        replica.take(&POLICY, "ada", at).await.unwrap().allowed
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn replicas_together_give_out_the_limit_and_what_is_free_at_most(
            count in 1..6_usize, picks in prop::collection::vec(any::<prop::sample::Index>(), 0..900)
        ) {
            // Whose clock stands still while there is work: however slow the machine, nobody is out of patience.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
            let runtime = runtime.unwrap();
            let (_, replicas) = replicas(count);
            let given = runtime.block_on(async {
                // Twenty at once, at whatever replicas.
                let mut given = 0;
                for batch in picks.chunks(20) {
                    let batch = batch.iter().map(|pick| allowed(pick.get(&replicas), start()));
                    given += futures::future::join_all(batch).await.into_iter().filter(|given| *given).count();
                }
                given
            });
            let slack = (count - 1) * share::free(POLICY.limit) as usize;
            prop_assert!(given <= POLICY.limit as usize + slack, "{given} of {} by {count}", picks.len());
            // What a replica took and nobody asked it for is lost to the others, and no more than that.
            let lost = (count - 1) * share::portion(POLICY.limit) as usize;
            prop_assert!(given + lost >= picks.len().min(POLICY.limit as usize), "{given} of {}", picks.len());
        }
    }

    #[tokio::test]
    async fn one_replica_gives_out_exactly_the_limit_with_few_calls() {
        let (store, replicas) = replicas(1);
        let mut given = 0;
        while allowed(&replicas[0], start()).await {
            given += 1;
        }
        assert_eq!(given, POLICY.limit);
        assert!(store.calls() < 60, "{} calls", store.calls());
        let calls = store.calls();
        assert!(!allowed(&replicas[0], start()).await);
        assert_eq!(store.calls(), calls, "a refusal costs no call");
        assert!(allowed(&replicas[0], start() + TimeDelta::seconds(60)).await, "the next window");
    }

    #[tokio::test]
    async fn who_sends_few_costs_no_call() {
        let (store, replicas) = replicas(1);
        for _ in 0..share::free(POLICY.limit) {
            assert!(allowed(&replicas[0], start()).await);
        }
        assert_eq!(store.calls(), 0);
    }

    #[tokio::test]
    async fn without_the_state_store_each_replica_counts_its_own() {
        let (store, replicas) = replicas(2);
        store.fail(true);
        for replica in &replicas {
            let mut given = 0;
            while allowed(replica, start()).await {
                given += 1;
            }
            assert_eq!(given, POLICY.limit);
        }
    }

    #[tokio::test]
    async fn what_remains_and_when_it_begins_anew_is_told() {
        let (_, replicas) = replicas(1);
        let at = start() + TimeDelta::seconds(18);
        let first = replicas[0].take(&POLICY, "ada", at).await.unwrap();
        assert_eq!(first, Verdict { allowed: true, remaining: 199, reset: 42 });
        for expected in (0..199).rev() {
            assert_eq!(replicas[0].take(&POLICY, "ada", at).await.unwrap().remaining, expected);
        }
        let refused = replicas[0].take(&POLICY, "ada", at).await.unwrap();
        assert_eq!(refused, Verdict { allowed: false, remaining: 0, reset: 42 });
        assert!(replicas[0].take(&POLICY, "bob", at).await.unwrap().allowed, "each has a limit of their own");
        assert_eq!(replicas[0].take(&Policy { limit: 0, ..POLICY }, "ada", at).await, None);
    }
}
