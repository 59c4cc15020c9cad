//! Builds a world and runs a test in it.

use std::{cell::RefCell, collections::HashMap, future::Future, rc::Rc, sync::Arc};

use futures::{executor::LocalPool, task::LocalSpawnExt};

use super::{
    engines::{Factory, Of},
    schedule::Schedule,
    world::{Faults, World},
};
use crate::{actor::Actor, methods::Methods};

/// A test run in the making.
pub struct TestRuntime {
    seed: u64,
    hosts: Vec<&'static str>,
    faults: Faults,
    factories: HashMap<&'static str, Box<dyn Factory>>,
}

impl TestRuntime {
    /// A run that this seed decides.
    pub fn new(seed: u64) -> Self {
        Self { seed, hosts: Vec::new(), faults: Faults::default(), factories: HashMap::new() }
    }

    /// Adds a host. The first one owns all actors, as far as placement knows.
    #[must_use]
    pub fn host(mut self, name: &'static str) -> Self {
        self.hosts.push(name);
        self
    }

    /// Makes things go wrong.
    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Every host can host actors of this type.
    #[must_use]
    pub fn actor<A: Actor>(mut self) -> Self {
        self.factories.insert(A::TYPE, Box::new(Of::<A>(Arc::new(Methods::of_actor()))));
        self
    }

    /// Runs `test` to its end, and time as far as it needs.
    ///
    /// # Panics
    /// When the test panics, or waits for something that never happens.
    pub fn run<T: 'static, F: Future<Output = T> + 'static>(self, test: impl FnOnce(World) -> F) -> T {
        let schedule = Arc::new(Schedule::new(self.seed));
        let mut pool = LocalPool::new();
        let world =
            World::new(Arc::clone(&schedule), self.hosts.len(), self.faults, self.factories, pool.spawner());
        let result = Rc::new(RefCell::new(None));
        let slot = Rc::clone(&result);
        let test = test(world);
        pool.spawner()
            .spawn_local(async move {
                let value = test.await;
                *slot.borrow_mut() = Some(value);
            })
            .expect("the pool lives");
        loop {
            pool.run_until_stalled();
            if let Some(value) = result.borrow_mut().take() {
                return value;
            }
            assert!(
                schedule.advance(),
                "seed {}: the test waits for something that never happens",
                self.seed
            );
        }
    }
}
