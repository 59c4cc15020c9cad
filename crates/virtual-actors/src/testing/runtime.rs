//! Runs a test once, as a seed decides.

use std::sync::Arc;

use super::{
    choices::Choices,
    explorer::Bounds,
    schedule::Schedule,
    setup::{Ended, Setup},
    world::{Faults, World},
};
use crate::actor::Actor;

/// A test run in the making.
pub struct TestRuntime {
    seed: u64,
    setup: Setup,
}

impl TestRuntime {
    /// A run that this seed decides.
    pub fn new(seed: u64) -> Self {
        Self { seed, setup: Setup::default() }
    }

    /// Adds a host. The first one owns all actors, as far as placement knows.
    #[must_use]
    pub fn host(mut self, name: &'static str) -> Self {
        self.setup.hosts.push((name, chrono::TimeDelta::zero()));
        self
    }

    /// Makes things go wrong.
    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Self {
        self.setup.faults = faults;
        self
    }

    /// Every host can host actors of this type.
    #[must_use]
    pub fn actor<A: Actor>(mut self) -> Self {
        self.setup.add_actor::<A>();
        self
    }

    /// Runs `test` to its end, and time as far as it needs.
    ///
    /// # Panics
    /// When the test panics, or waits for something that never happens.
    pub fn run<T: 'static, F: Future<Output = T> + 'static>(self, test: impl FnOnce(World) -> F) -> T {
        let crash = self.setup.faults.crash;
        let bounds = Bounds { crashes: if crash > 0.0 { u32::MAX } else { 0 }, ..Bounds::default() };
        let schedule = Arc::new(Schedule::new(Choices::dice(self.seed, crash), bounds));
        match self.setup.run(&schedule, test) {
            Ended::With(value) => value,
            Ended::Redundant | Ended::Stuck => {
                panic!("seed {}: the test waits for something that never happens", self.seed)
            }
            Ended::Endless => panic!("seed {}: the test goes on for ever", self.seed),
        }
    }
}
