//! What a run is made of, apart from its choices.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc};

use chrono::TimeDelta;
use futures::{executor::LocalPool, task::LocalSpawnExt};

use super::{
    engines::{Factory, Of},
    schedule::{Advanced, Schedule},
    world::{Faults, World},
};
use crate::{actor::Actor, methods::Methods, store::Outbox, store::Store};

/// A run has gone on for too long after so many moves.
const TOO_MANY_MOVES: usize = 100_000;

type WrapStore = Rc<dyn Fn(Arc<dyn Store>) -> Arc<dyn Store>>;
type WrapOutbox = Rc<dyn Fn(Arc<dyn Outbox>) -> Arc<dyn Outbox>>;

/// Hosts, actor types and faults; the stores may be wrapped in wrong ones.
#[derive(Clone)]
pub(super) struct Setup {
    /// The name of each host, and how far its clock is off.
    pub(super) hosts: Vec<(&'static str, TimeDelta)>,
    pub(super) faults: Faults,
    pub(super) factories: HashMap<&'static str, Rc<dyn Factory>>,
    pub(super) wrap_store: WrapStore,
    pub(super) wrap_outbox: WrapOutbox,
}

/// How a run ended.
pub(super) enum Ended<T> {
    With(T),
    /// The search has seen what would follow.
    Redundant,
    /// The test waits for something that never happens.
    Stuck,
    Endless,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            faults: Faults::default(),
            factories: HashMap::new(),
            wrap_store: Rc::new(|store| store),
            wrap_outbox: Rc::new(|outbox| outbox),
        }
    }
}

impl Setup {
    pub(super) fn add_actor<A: Actor>(&mut self) {
        self.factories.insert(A::TYPE, Rc::new(Of::<A>(Arc::new(Methods::of_actor()))));
    }

    pub(super) fn run<T: 'static, F: Future<Output = T> + 'static>(
        &self,
        schedule: &Arc<Schedule>,
        test: impl FnOnce(World) -> F,
    ) -> Ended<T> {
        let mut pool = LocalPool::new();
        let world = World::new(Arc::clone(schedule), self, pool.spawner());
        let result = Rc::new(RefCell::new(None));
        let slot = Rc::clone(&result);
        let test = test(world.clone());
        let test = async move {
            let value = test.await;
            *slot.borrow_mut() = Some(value);
        };
        pool.spawner().spawn_local(test).expect("the pool lives");
        for _ in 0..TOO_MANY_MOVES {
            pool.run_until_stalled();
            if let Some(value) = result.borrow_mut().take() {
                return Ended::With(value);
            }
            match schedule.advance(&world.failures()) {
                Advanced::On => {}
                Advanced::Break(failure) => world.suffer(failure),
                Advanced::Redundant => return Ended::Redundant,
                Advanced::Stuck => return Ended::Stuck,
            }
        }
        Ended::Endless
    }
}
