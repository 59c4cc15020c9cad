//! The world of a test run: hosts that may crash, a Dapr in memory that may be wrong about them.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::{StreamExt, future::join, task::LocalSpawnExt};
use serde_json::Value;
use uuid::Uuid;

use super::{
    Fault,
    choices::Failure,
    engines::Factory,
    footprint::Touch,
    host::SimHost,
    memory_store::MemoryStore,
    schedule::Schedule,
    setup::Setup,
    sidecar::{Broker, Invocation, SimSidecar},
};
use crate::{Call, Clock, CommandId, Message, Outbox, Outcome, Store};

/// How often things go wrong, each between 0 and 1.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Instead of the next move, a host dies. (An explorer's crashes are in its bounds.)
    pub crash: f64,
    /// A call arrives twice.
    pub double_delivery: f64,
    /// A call reaches a host that only believes it owns the actor.
    pub two_owners: f64,
    /// The broker accepts events, and the relay does not learn it.
    pub lost_answer: f64,
}

impl Faults {
    /// Everything goes wrong often.
    pub const HARSH: Self = Self { crash: 0.05, double_delivery: 0.2, two_owners: 0.5, lost_answer: 0.2 };
}

/// A handle on the running world. Cheap to clone.
#[derive(Clone)]
pub struct World(pub(super) Rc<Inner>);

pub(super) struct Inner {
    pub(super) schedule: Arc<Schedule>,
    pub(super) store: MemoryStore,
    pub(super) outbox: Arc<dyn Outbox>,
    pub(super) hosts: Vec<SimHost>,
    pub(super) factories: HashMap<&'static str, Rc<dyn Factory>>,
    pub(super) reminders: RefCell<BTreeMap<ReminderKey, DateTime<Utc>>>,
    pub(super) sidecar: Arc<SimSidecar>,
    faults: Faults,
    broker: Broker,
    spawner: futures::executor::LocalSpawner,
}

/// Actor type, actor id, name.
pub(super) type ReminderKey = (String, String, String);

impl World {
    pub(super) fn new(
        schedule: Arc<Schedule>,
        setup: &Setup,
        spawner: futures::executor::LocalSpawner,
    ) -> Self {
        let store = MemoryStore::new(Arc::clone(&schedule));
        let wrapped: Arc<dyn Store> = (setup.wrap_store)(Arc::new(store.clone()));
        let hosts = setup.hosts.iter().map(|(_, ahead)| SimHost::new(Arc::clone(&wrapped), *ahead)).collect();
        let broker = Broker::default();
        let (sidecar, mut invocations) =
            SimSidecar::new(Arc::clone(&schedule), broker.clone(), setup.faults.lost_answer);
        let world = Self(Rc::new(Inner {
            outbox: (setup.wrap_outbox)(Arc::new(store.clone())),
            schedule,
            store,
            faults: setup.faults,
            hosts,
            factories: setup.factories.clone(),
            reminders: RefCell::default(),
            broker,
            sidecar: Arc::new(sidecar),
            spawner,
        }));
        let placement = world.clone();
        world.spawn(async move {
            while let Some(Invocation { actor_type, actor_id, method, call, answer }) =
                invocations.next().await
            {
                let world = placement.clone();
                placement.spawn(async move {
                    // Nobody may be waiting any more.
                    let _ = answer.send(world.call(&actor_type, &actor_id, &method, &call).await);
                });
            }
        });
        world
    }

    /// The virtual time.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.schedule.now()
    }

    /// Lets virtual time pass.
    pub async fn sleep(&self, time: Duration) {
        self.0.schedule.sleep(time).await;
    }

    /// A point at which anything else that waits may go first.
    pub async fn step(&self, label: &str) {
        self.0.schedule.step(label).await;
    }

    /// Faults stop: from here on nothing fails, and things happen in the order they come.
    pub fn calm(&self) {
        self.0.schedule.calm();
    }

    /// Does something in the one order things come in, without failures: a beginning that is not what
    /// the scenario is about.
    pub async fn undisturbed<T>(&self, work: impl Future<Output = T>) -> T {
        self.0.schedule.pause();
        let done = work.await;
        self.0.schedule.resume();
        done
    }

    /// The store of all hosts.
    pub fn store(&self) -> &MemoryStore {
        &self.0.store
    }

    /// How many hosts there are.
    pub fn hosts(&self) -> usize {
        self.0.hosts.len()
    }

    /// The next commit of this host goes wrong here.
    pub fn fail_next_commit(&self, host: usize, fault: Fault) {
        self.0.hosts[host].store.fail_next(fault);
    }

    /// While down, the broker accepts nothing.
    pub fn set_broker_down(&self, down: bool) {
        self.0.broker.set_down(down);
    }

    /// Kills a host: its activations, turns, timers and relay are gone; it starts again at once, empty.
    pub fn crash(&self, host: usize) {
        self.0.schedule.touch(Touch::Write, ("host", host));
        self.0.hosts[host].die();
    }

    /// What could break now.
    pub(super) fn failures(&self) -> Vec<Failure> {
        let alive = (0..self.0.hosts.len()).filter(|host| self.0.hosts[*host].is_working());
        let mut failures: Vec<_> = alive.map(Failure::Crash).collect();
        if !self.0.reminders.borrow().is_empty() {
            failures.push(Failure::LostReminders);
        }
        failures
    }

    pub(super) fn suffer(&self, failure: Failure) {
        match failure {
            Failure::Crash(host) => self.crash(host),
            Failure::LostReminders => {
                self.0.schedule.touch_everything();
                self.0.reminders.borrow_mut().clear();
            }
        }
    }

    /// A call as Dapr delivers it: to the owner, or to somebody who believes to be; once or twice.
    pub async fn call(&self, actor_type: &str, actor_id: &str, method: &str, call: &Call) -> Outcome {
        let inner = &self.0;
        let host = || {
            if inner.schedule.chance(inner.faults.two_owners) {
                inner.schedule.pick(inner.hosts.len())
            } else {
                0
            }
        };
        let once = self.call_host(host(), actor_type, actor_id, method, call);
        if inner.schedule.chance(inner.faults.double_delivery) {
            let again = self.call_host(host(), actor_type, actor_id, method, call);
            return join(once, again).await.0;
        }
        once.await
    }

    /// Sends a command with this id until it is answered.
    pub async fn command_until_answered<M: Message>(
        &self,
        actor_id: &str,
        message: &M,
        id: u128,
    ) -> M::Reply {
        let call = Call {
            command_id: Some(CommandId(Uuid::from_u128(id))),
            message: serde_json::to_value(message).expect("a message has a JSON form"),
            ..Call::default()
        };
        loop {
            match self.call(M::ACTOR, actor_id, M::METHOD, &call).await {
                Outcome::Done { reply } => return serde_json::from_value(reply).expect("the reply's type"),
                Outcome::Unavailable { .. } => self.sleep(Duration::from_millis(50)).await,
                other => panic!("not done: {other:?}"),
            }
        }
    }

    /// Everything published to a topic so far, doubles included.
    pub fn published(&self, topic: &str) -> Vec<Value> {
        self.0.broker.published(topic)
    }

    /// Runs something beside the rest.
    pub fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        self.0.spawner.spawn_local(work).expect("the pool lives as long as the run");
    }
}
