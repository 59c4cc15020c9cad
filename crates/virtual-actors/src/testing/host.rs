//! A host in the test runtime: activations with their mailboxes, timers, and what a crash takes away.
//!
//! The turns are the real [`Engine`](crate::Engine)'s. What stands for `activation.rs` is here: one
//! call at a time, then what follows from it.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap},
    future::poll_fn,
    pin::pin,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::{
    StreamExt,
    channel::{mpsc, oneshot},
    future::{AbortHandle, Abortable},
};

use super::{
    FaultyStore,
    footprint::Touch,
    schedule::Schedule,
    world::{ReminderKey, World},
};
use crate::{Call, Clock, Effects, Outcome, ReminderChange, Store, Timer};

/// As in `activation.rs`: before a timer's turn that found no answer is run again.
const TIMER_RETRY: Duration = Duration::from_secs(1);

pub(super) struct SimHost {
    pub(super) store: FaultyStore,
    /// How many times it has died: a new process is another relay.
    pub(super) lives: Cell<u64>,
    /// What it still wants to tell the scheduler; the latest wish for each reminder.
    pub(super) wishes: RefCell<BTreeMap<ReminderKey, ReminderChange>>,
    activations: RefCell<HashMap<(String, String), Activation>>,
    /// All that runs on it.
    tasks: RefCell<BTreeMap<u64, AbortHandle>>,
    last_task: Cell<u64>,
    ahead: TimeDelta,
}

#[derive(Clone)]
struct Activation {
    mailbox: mpsc::UnboundedSender<Turn>,
    /// The number of the timer that was set last.
    timer: Rc<Cell<u64>>,
}

/// Method, call, and where the answer goes.
type Turn = (String, Call, oneshot::Sender<Outcome>);

impl SimHost {
    pub(super) fn new(store: Arc<dyn Store>, ahead: TimeDelta) -> Self {
        Self {
            store: FaultyStore::new(store),
            lives: Cell::new(0),
            wishes: RefCell::default(),
            activations: RefCell::default(),
            tasks: RefCell::default(),
            last_task: Cell::new(0),
            ahead,
        }
    }

    /// Whether there is anything a crash could take away.
    pub(super) fn is_working(&self) -> bool {
        !self.tasks.borrow().is_empty()
    }

    pub(super) fn die(&self) {
        self.lives.set(self.lives.get() + 1);
        self.activations.borrow_mut().clear();
        self.wishes.borrow_mut().clear();
        for task in std::mem::take(&mut *self.tasks.borrow_mut()).into_values() {
            task.abort();
        }
    }
}

impl World {
    /// A call to one host, whoever owns the actor.
    pub async fn call_host(
        &self,
        host: usize,
        actor_type: &str,
        actor_id: &str,
        method: &str,
        call: &Call,
    ) -> Outcome {
        self.0.schedule.step(format!("{method} reaches {actor_type} {actor_id} on host {host}")).await;
        self.0.schedule.touch(Touch::Read, ("host", host));
        let (answer, answered) = oneshot::channel();
        let activation = self.activation(host, actor_type, actor_id);
        self.touch_mailbox(host, actor_type, actor_id);
        if activation.mailbox.unbounded_send((method.to_owned(), call.clone(), answer)).is_err() {
            return Outcome::unavailable("the host crashed");
        }
        let outcome = answered.await.unwrap_or_else(|_| Outcome::unavailable("the host crashed"));
        if matches!(&outcome, Outcome::Unavailable { detail } if detail.contains("fault")) {
            self.crash(host);
        }
        outcome
    }

    fn activation(&self, host: usize, actor_type: &str, actor_id: &str) -> Activation {
        let key = (actor_type.to_owned(), actor_id.to_owned());
        let sim = &self.0.hosts[host];
        if let Some(activation) = sim.activations.borrow().get(&key) {
            return activation.clone();
        }
        let factory = self.0.factories.get(actor_type).expect("the actor type was registered");
        let clock = WrongClock { right: Arc::clone(&self.0.schedule), ahead: sim.ahead };
        let mut engine = factory.engine(actor_id, Arc::new(sim.store.clone()), Arc::new(clock));
        let (mailbox, mut calls) = mpsc::unbounded::<Turn>();
        let activation = Activation { mailbox, timer: Rc::default() };
        let (world, this) = (self.clone(), activation.clone());
        let (kind, id) = key.clone();
        self.spawn_on(host, async move {
            while let Some((method, call, answer)) = calls.next().await {
                let (outcome, effects) = engine.turn(&method, &call).await;
                world.touch_mailbox(host, &kind, &id);
                world.perform(host, &kind, &id, &this, effects);
                // Nobody may be waiting any more: the turn was for the actor, not for the caller.
                let _ = answer.send(outcome);
            }
        });
        sim.activations.borrow_mut().insert(key, activation.clone());
        activation
    }

    fn touch_mailbox(&self, host: usize, actor_type: &str, actor_id: &str) {
        self.0.schedule.touch(Touch::Write, ("mailbox", host, actor_type, actor_id));
    }

    fn perform(
        &self,
        host: usize,
        actor_type: &str,
        actor_id: &str,
        activation: &Activation,
        effects: Effects,
    ) {
        if !effects.tells.is_empty() {
            let world = self.clone();
            self.spawn_on(host, async move { world.send_own(host, effects.tells).await });
        }
        for change in effects.reminders {
            self.wish(host, actor_type, actor_id, change);
        }
        if let Some(timer) = effects.timer {
            self.set_timer(host, actor_type, actor_id, activation, timer);
        }
    }

    fn set_timer(
        &self,
        host: usize,
        actor_type: &str,
        actor_id: &str,
        activation: &Activation,
        timer: Timer,
    ) {
        let number = activation.timer.get() + 1;
        activation.timer.set(number);
        let (world, activation) = (self.clone(), activation.clone());
        let (kind, id) = (actor_type.to_owned(), actor_id.to_owned());
        self.spawn_on(host, async move {
            let Timer { mut after, method } = timer;
            loop {
                world.sleep(after).await;
                if activation.timer.get() != number {
                    return;
                }
                world.step(&format!("the timer of {kind} {id} on host {host}")).await;
                let (answer, answered) = oneshot::channel();
                world.touch_mailbox(host, &kind, &id);
                // The mailbox is there as long as its host, and this with it.
                let _ = activation.mailbox.unbounded_send((method.to_owned(), Call::default(), answer));
                if answered.await.is_ok_and(|outcome| outcome.is_answer()) || activation.timer.get() != number
                {
                    return;
                }
                after = TIMER_RETRY;
            }
        });
    }

    /// Runs something on a host: it dies with it.
    pub(super) fn spawn_on(&self, host: usize, work: impl Future<Output = ()> + 'static) {
        let sim = &self.0.hosts[host];
        let number = sim.last_task.get() + 1;
        sim.last_task.set(number);
        let (abort, registration) = AbortHandle::new_pair();
        sim.tasks.borrow_mut().insert(number, abort);
        let world = self.clone();
        self.spawn(async move {
            let schedule = Arc::clone(&world.0.schedule);
            let mut work = pin!(Abortable::new(work, registration));
            let ended = poll_fn(|context| {
                schedule.touch(Touch::Read, ("host", host));
                work.as_mut().poll(context)
            });
            if ended.await.is_ok() {
                world.0.hosts[host].tasks.borrow_mut().remove(&number);
            }
        });
    }
}

/// The clock of a host that is wrong by some time.
struct WrongClock {
    right: Arc<Schedule>,
    ahead: TimeDelta,
}

impl Clock for WrongClock {
    fn now(&self) -> DateTime<Utc> {
        self.right.now() + self.ahead
    }
}
