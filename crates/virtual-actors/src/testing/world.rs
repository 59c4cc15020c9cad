//! The world of a test run: hosts that may crash, a Dapr in memory that may be wrong about them.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::{
    StreamExt,
    channel::{mpsc, oneshot},
    future::{AbortHandle, Abortable, join},
    task::LocalSpawnExt,
};
use serde_json::Value;
use uuid::Uuid;

use super::{Fault, FaultyStore, engines::Factory, memory_store::MemoryStore, schedule::Schedule};
use crate::{Call, Clock, CommandId, Destination, Effects, Lane, Message, Outbox, Outcome, ReminderChange};

/// How often things go wrong, each between 0 and 1.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// A host dies as it is about to commit.
    pub crash_before_commit: f64,
    /// A host dies as it has committed.
    pub crash_after_commit: f64,
    /// A call arrives twice.
    pub double_delivery: f64,
    /// A call reaches a host that only believes it owns the actor.
    pub two_owners: f64,
    /// An event is published again although the broker had accepted it.
    pub relay_crash: f64,
}

impl Faults {
    /// Everything goes wrong often.
    pub const HARSH: Self = Self {
        crash_before_commit: 0.1,
        crash_after_commit: 0.1,
        double_delivery: 0.2,
        two_owners: 0.5,
        relay_crash: 0.2,
    };
}

/// A handle on the running world. Cheap to clone.
#[derive(Clone)]
pub struct World(Rc<Inner>);

struct Inner {
    schedule: Arc<Schedule>,
    store: MemoryStore,
    faults: Faults,
    hosts: Vec<SimHost>,
    factories: HashMap<&'static str, Box<dyn Factory>>,
    reminders: RefCell<BTreeMap<(String, String, String), DateTime<Utc>>>,
    published: RefCell<Vec<(String, Value)>>,
    broker_down: Cell<bool>,
    spawner: futures::executor::LocalSpawner,
}

struct SimHost {
    store: FaultyStore,
    activations: RefCell<HashMap<(String, String), Mailbox>>,
    turns: RefCell<Vec<AbortHandle>>,
}

type Mailbox = mpsc::UnboundedSender<(String, Call, oneshot::Sender<Outcome>)>;

impl World {
    pub(super) fn new(
        schedule: Arc<Schedule>,
        hosts: usize,
        faults: Faults,
        factories: HashMap<&'static str, Box<dyn Factory>>,
        spawner: futures::executor::LocalSpawner,
    ) -> Self {
        let store = MemoryStore::new(Arc::clone(&schedule));
        let hosts = (0..hosts)
            .map(|_| SimHost {
                store: FaultyStore::new(Arc::new(store.clone())),
                activations: RefCell::default(),
                turns: RefCell::default(),
            })
            .collect();
        Self(Rc::new(Inner {
            schedule,
            store,
            faults,
            hosts,
            factories,
            reminders: RefCell::default(),
            published: RefCell::default(),
            broker_down: Cell::new(false),
            spawner,
        }))
    }

    /// The virtual time.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.schedule.now()
    }

    /// Lets virtual time pass.
    pub async fn sleep(&self, time: Duration) {
        self.0.schedule.sleep(time).await;
    }

    /// The store of all hosts.
    pub fn store(&self) -> &MemoryStore {
        &self.0.store
    }

    /// The next commit of this host goes wrong here.
    pub fn fail_next_commit(&self, host: usize, fault: Fault) {
        self.0.hosts[host].store.fail_next(fault);
    }

    /// While down, the broker accepts nothing.
    pub fn set_broker_down(&self, down: bool) {
        self.0.broker_down.set(down);
    }

    /// Kills a host: its activations and running turns are gone; it starts again at once, empty.
    pub fn crash(&self, host: usize) {
        let host = &self.0.hosts[host];
        host.activations.borrow_mut().clear();
        for turn in host.turns.borrow_mut().drain(..) {
            turn.abort();
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

    /// A call to one host, whoever owns the actor.
    pub async fn call_host(
        &self,
        host: usize,
        actor_type: &str,
        actor_id: &str,
        method: &str,
        call: &Call,
    ) -> Outcome {
        self.0.schedule.step().await;
        let crash = &self.0.schedule;
        if crash.chance(self.0.faults.crash_before_commit) {
            self.fail_next_commit(host, Fault::BeforeCommit);
        } else if crash.chance(self.0.faults.crash_after_commit) {
            self.fail_next_commit(host, Fault::AfterCommit);
        }
        let (answer, answered) = oneshot::channel();
        let mailbox = self.mailbox(host, actor_type, actor_id);
        if mailbox.unbounded_send((method.to_owned(), call.clone(), answer)).is_err() {
            return Outcome::unavailable("the host crashed");
        }
        let outcome = answered.await.unwrap_or_else(|_| Outcome::unavailable("the host crashed"));
        if matches!(&outcome, Outcome::Unavailable { detail } if detail.contains("fault")) {
            self.crash(host);
        }
        outcome
    }

    fn mailbox(&self, host: usize, actor_type: &str, actor_id: &str) -> Mailbox {
        let key = (actor_type.to_owned(), actor_id.to_owned());
        let sim = &self.0.hosts[host];
        if let Some(mailbox) = sim.activations.borrow().get(&key) {
            return mailbox.clone();
        }
        let factory = self.0.factories.get(actor_type).expect("the actor type was registered");
        let clock: Arc<dyn Clock> = self.0.schedule.clone();
        let mut engine = factory.engine(actor_id, Arc::new(sim.store.clone()), clock);
        let (mailbox, mut calls) = mpsc::unbounded::<(String, Call, oneshot::Sender<Outcome>)>();
        let world = self.clone();
        let (kind, id) = key.clone();
        let turns = async move {
            while let Some((method, call, answer)) = calls.next().await {
                let (outcome, effects) = engine.turn(&method, &call).await;
                world.perform(&kind, &id, effects);
                let _ = answer.send(outcome);
            }
        };
        let (abort, registration) = AbortHandle::new_pair();
        sim.turns.borrow_mut().push(abort);
        self.spawn(async move {
            let _ = Abortable::new(turns, registration).await;
        });
        sim.activations.borrow_mut().insert(key, mailbox.clone());
        mailbox
    }

    /// In-process timers are not simulated: a test runtime must work by Dapr's reminders alone.
    fn perform(&self, actor_type: &str, actor_id: &str, effects: Effects) {
        for change in effects.reminders {
            match change {
                ReminderChange::Set(reminder) => {
                    self.set_reminder(actor_type, actor_id, reminder.name, reminder.due)
                }
                ReminderChange::Clear(name) => {
                    let key = (actor_type.to_owned(), actor_id.to_owned(), name);
                    self.0.reminders.borrow_mut().remove(&key);
                }
            }
        }
    }

    fn set_reminder(&self, actor_type: &str, actor_id: &str, name: String, due: DateTime<Utc>) {
        let key = (actor_type.to_owned(), actor_id.to_owned(), name);
        if self.0.reminders.borrow_mut().insert(key.clone(), due) == Some(due) {
            return;
        }
        let world = self.clone();
        self.spawn(async move {
            world.0.schedule.sleep_until(due).await;
            // Moved or cleared meanwhile: another task, or none, has it now.
            while world.0.reminders.borrow().get(&key) == Some(&due) {
                let (actor_type, actor_id, name) = &key;
                let factory = &world.0.factories[actor_type.as_str()];
                let method = factory.reminder_method(name).expect("the actor knows its reminder");
                if world.call(actor_type, actor_id, method, &Call::default()).await.is_answer() {
                    let mut reminders = world.0.reminders.borrow_mut();
                    if reminders.get(&key) == Some(&due) {
                        reminders.remove(&key);
                    }
                    return;
                }
                world.sleep(Duration::from_secs(1)).await;
            }
        });
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

    /// Relays the outbox until it is empty, as a relay does that may crash between publishing and removing.
    pub async fn relay(&self) {
        loop {
            let mut batch = Vec::new();
            for lane in [Lane::Topics, Lane::Actors] {
                batch.extend(
                    self.0.store.ready(Uuid::nil(), lane, &[], 16).await.expect("memory does not fail"),
                );
            }
            if batch.is_empty() || self.0.broker_down.get() {
                return;
            }
            for pending in batch {
                match &pending.entry.destination {
                    Destination::Topic { topic, .. } => {
                        self.0.published.borrow_mut().push((topic.clone(), pending.entry.body.clone()));
                    }
                    Destination::Actor { actor_type, actor_id, method } => {
                        let call = Call {
                            command_id: Some(CommandId(pending.entry.event_id)),
                            message: pending.entry.body.clone(),
                            ..Call::default()
                        };
                        if !self.call(actor_type, actor_id, method, &call).await.is_answer() {
                            continue;
                        }
                    }
                }
                if !self.0.schedule.chance(self.0.faults.relay_crash) {
                    self.0.store.accepted(&[pending.seq]).await.expect("memory does not fail");
                }
            }
        }
    }

    /// Everything published to a topic so far, doubles included.
    pub fn published(&self, topic: &str) -> Vec<Value> {
        let published = self.0.published.borrow();
        published.iter().filter(|(name, _)| name == topic).map(|(_, event)| event.clone()).collect()
    }

    /// Runs something beside the rest.
    pub fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        self.0.spawner.spawn_local(work).expect("the pool lives as long as the run");
    }
}
