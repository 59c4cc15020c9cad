//! Virtual time and a seeded order: the heart of the test runtime.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    time::Duration,
};

use chrono::{DateTime, Utc};

use crate::clock::Clock;

/// Steps that wait for their turn, sleepers that wait for their time, and the dice.
#[derive(Debug)]
pub(crate) struct Schedule {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    now: DateTime<Utc>,
    random: u64,
    steps: BTreeMap<u64, Waker>,
    sleepers: BTreeMap<(DateTime<Utc>, u64), Waker>,
    sequence: u64,
}

impl Schedule {
    pub(crate) fn new(seed: u64) -> Self {
        let now = DateTime::<Utc>::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        // The generator must not start at zero, and near seeds must not start alike.
        let random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let state = State { now, random, steps: BTreeMap::new(), sleepers: BTreeMap::new(), sequence: 0 };
        Self { state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A point at which any other waiting step may go first.
    pub(crate) async fn step(&self) {
        let ticket = self.state().ticket();
        let mut queued = false;
        poll_fn(|context| {
            let mut state = self.state();
            // Polled without its turn (by a join of many, say), it goes on waiting.
            if queued && !state.steps.contains_key(&ticket) {
                return Poll::Ready(());
            }
            queued = true;
            state.steps.insert(ticket, context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    pub(crate) async fn sleep_until(&self, due: DateTime<Utc>) {
        let ticket = self.state().ticket();
        poll_fn(|context| {
            let mut state = self.state();
            if state.now >= due {
                return Poll::Ready(());
            }
            state.sleepers.insert((due, ticket), context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    pub(crate) async fn sleep(&self, time: Duration) {
        let due = self.now() + time;
        self.sleep_until(due).await;
    }

    /// Lets one waiting step go, whichever the dice say; else lets time pass to the next sleeper.
    /// `false`: nothing waits.
    pub(crate) fn advance(&self) -> bool {
        let mut state = self.state();
        if state.steps.is_empty() {
            let Some(((due, _), waker)) = state.sleepers.pop_first() else { return false };
            state.now = state.now.max(due);
            waker.wake();
        } else {
            let chosen = (state.next_random() % state.steps.len() as u64) as usize;
            let ticket = state.steps.keys().nth(chosen).copied();
            if let Some(waker) = ticket.and_then(|ticket| state.steps.remove(&ticket)) {
                waker.wake();
            }
        }
        true
    }

    /// True once in `1 / probability` times.
    pub(crate) fn chance(&self, probability: f64) -> bool {
        let unit = (self.state().next_random() >> 11) as f64 / (1u64 << 53) as f64;
        unit < probability
    }

    /// One of `count`.
    pub(crate) fn pick(&self, count: usize) -> usize {
        (self.state().next_random() % count as u64) as usize
    }
}

impl State {
    fn ticket(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// xorshift64*: a few lines, and the same numbers on every machine and version.
    fn next_random(&mut self) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        self.random.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
}

impl Clock for Schedule {
    fn now(&self) -> DateTime<Utc> {
        self.state().now
    }
}
