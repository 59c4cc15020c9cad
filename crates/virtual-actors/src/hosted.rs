//! The activations of one actor type in this process.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use actix::{
    Addr, ArbiterHandle, Context,
    dev::{SendError, channel},
};

use crate::{
    activation::{Activation, Passivate, Surroundings, TurnMessage},
    actor::Actor,
    clock::Clock,
    engine::Engine,
    methods::Methods,
    store::Store,
};

/// What a host gives each of its actor types.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) surroundings: Surroundings,
    pub(crate) arbiters: Arc<[ArbiterHandle]>,
}

/// One actor type's activations, with the type erased.
pub(crate) trait HostedType: Send + Sync {
    fn actor_type(&self) -> &'static str;
    /// Puts a call into its actor's mailbox; `false` if that is full.
    fn send(&self, actor_id: &str, message: TurnMessage) -> bool;
    fn passivate(&self, actor_id: &str);
    fn reminder_method(&self, name: &str) -> Option<&'static str>;
}

/// Who is active, by id. An activation that ends takes itself out.
pub(crate) struct Registry<A: Actor>(Arc<Mutex<HashMap<String, Addr<Activation<A>>>>>);

impl<A: Actor> Clone for Registry<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A: Actor> Registry<A> {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Addr<Activation<A>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets an ended activation, but not one that has taken its place.
    pub(crate) fn ended(&self, actor_id: &str, address: &Addr<Activation<A>>) {
        let mut active = self.lock();
        if active.get(actor_id) == Some(address) {
            active.remove(actor_id);
        }
    }
}

pub(crate) struct Hosted<A: Actor> {
    methods: Arc<Methods<A>>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    surroundings: Surroundings,
    arbiters: Arc<[ArbiterHandle]>,
    next_arbiter: AtomicUsize,
    registry: Registry<A>,
}

impl<A: Actor> Hosted<A> {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self {
            methods: Arc::new(Methods::of_actor()),
            store: Arc::clone(&parts.store),
            clock: Arc::clone(&parts.clock),
            surroundings: parts.surroundings.clone(),
            arbiters: Arc::clone(&parts.arbiters),
            next_arbiter: AtomicUsize::new(0),
            registry: Registry(Arc::default()),
        }
    }

    fn activate(&self, actor_id: &str) -> Addr<Activation<A>> {
        let engine = Engine::new(
            actor_id,
            Arc::clone(&self.methods),
            Arc::clone(&self.store),
            Arc::clone(&self.clock),
        );
        let activation =
            Activation::new(actor_id.to_owned(), engine, self.surroundings.clone(), self.registry.clone());
        // Made by hand, because `start_in_arbiter` gives the mailbox its bound only once it runs.
        let (sender, receiver) = channel::channel(self.surroundings.mailbox);
        let turn = self.next_arbiter.fetch_add(1, Ordering::Relaxed);
        let running = self.arbiters[turn % self.arbiters.len()].spawn_fn(move || {
            Context::with_receiver(receiver).run(activation);
        });
        if !running {
            tracing::error!(actor_type = A::TYPE, actor_id, "the actors' threads have ended");
        }
        Addr::new(sender)
    }
}

impl<A: Actor> HostedType for Hosted<A> {
    fn actor_type(&self) -> &'static str {
        A::TYPE
    }

    fn send(&self, actor_id: &str, message: TurnMessage) -> bool {
        let mut active = self.registry.lock();
        // The address is not cloned for a send: each clone would have a place of its own in the
        // mailbox, beyond its bound.
        let message = match active.get(actor_id) {
            None => message,
            Some(address) => match address.try_send(message) {
                Ok(()) => return true,
                Err(SendError::Full(_)) => return false,
                // It has just ended; a new one takes the call.
                Err(SendError::Closed(message)) => message,
            },
        };
        let address = self.activate(actor_id);
        let sent = address.try_send(message).is_ok();
        active.insert(actor_id.to_owned(), address);
        sent
    }

    fn passivate(&self, actor_id: &str) {
        if let Some(address) = self.registry.lock().remove(actor_id) {
            address.do_send(Passivate);
        }
    }

    fn reminder_method(&self, name: &str) -> Option<&'static str> {
        A::on_reminder(name)
    }
}
