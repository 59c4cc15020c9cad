//! The actors of one process: who is active here, and how a call finds its activation.

use std::{
    collections::HashMap,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, sync::oneshot};
use tokio_util::task::TaskTracker;

use crate::{
    activation::{Surroundings, TurnMessage},
    actor::Actor,
    arbiters,
    call::{Call, Outcome},
    clock::Clock,
    hosted::{Hosted, HostedType, Parts},
    metrics,
    registrar::Registrar,
    relay::RelayHandle,
    sidecar::Sidecar,
    store::Store,
};

/// How a host treats its activations; `GET /dapr/config` tells Dapr the same.
#[derive(Debug, Clone)]
pub struct HostSettings {
    /// An actor without a call for so long is passivated.
    pub idle_timeout: Duration,
    /// How long Dapr lets a running call go on when its actor type is spread anew. All calls to the type wait for
    /// it, everywhere, so it must be short, and shorter than placement's `--disseminate-timeout`. A turn that takes
    /// longer still runs to its end; its caller asks again and gets its answer.
    pub drain_timeout: Duration,
    /// Calls an actor may have waiting; more are turned away with a retryable error.
    pub mailbox: usize,
}

impl Default for HostSettings {
    fn default() -> Self {
        Self { idle_timeout: Duration::from_secs(600), drain_timeout: Duration::from_secs(2), mailbox: 256 }
    }
}

/// The actor host of this process. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

struct Inner {
    types: HashMap<&'static str, Box<dyn HostedType>>,
    settings: HostSettings,
    turns: TaskTracker,
    registrar: Registrar,
    system: actix::System,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Host").field(&self.actor_types()).finish()
    }
}

/// Starts one actor type.
type Starter = Box<dyn FnOnce(&Parts) -> (&'static str, Box<dyn HostedType>)>;

/// Collects the actor types a process hosts.
pub struct HostBuilder {
    store: Arc<dyn Store>,
    sidecar: Arc<dyn Sidecar>,
    clock: Arc<dyn Clock>,
    settings: HostSettings,
    relay: RelayHandle,
    types: Vec<Starter>,
}

impl Host {
    /// Starts to describe a host whose actors live in `store` and are reached through `sidecar`.
    pub fn builder(store: Arc<dyn Store>, sidecar: Arc<dyn Sidecar>, clock: Arc<dyn Clock>) -> HostBuilder {
        HostBuilder {
            store,
            sidecar,
            clock,
            settings: HostSettings::default(),
            relay: RelayHandle::default(),
            types: Vec::new(),
        }
    }

    /// The actor types hosted here.
    pub fn actor_types(&self) -> Vec<&'static str> {
        let mut types: Vec<_> = self.inner.types.keys().copied().collect();
        types.sort_unstable();
        types
    }

    pub(crate) fn settings(&self) -> &HostSettings {
        &self.inner.settings
    }

    /// Runs one turn of an actor; `None` if its type is not hosted here.
    pub async fn call(&self, actor_type: &str, actor_id: &str, method: &str, call: Call) -> Option<Outcome> {
        let hosted = self.inner.types.get(actor_type)?;
        if self.inner.turns.is_closed() {
            return Some(Outcome::unavailable("this host is shutting down"));
        }
        let (answer, answered) = oneshot::channel();
        let message = TurnMessage {
            method: method.to_owned(),
            call,
            received: Instant::now(),
            answer,
            running: Some(self.inner.turns.token()),
        };
        if !hosted.send(actor_id, message) {
            metrics::SHED.with_label_values(&[hosted.actor_type()]).inc();
            return Some(Outcome::unavailable("the actor's mailbox is full"));
        }
        // The activation went away before it came to this call; the next one will take it.
        Some(answered.await.unwrap_or_else(|_| Outcome::unavailable("the activation ended")))
    }

    /// The method a reminder of this name runs, if its actor type knows it; `None` if the type is
    /// not hosted here.
    pub(crate) fn reminder_method(&self, actor_type: &str, name: &str) -> Option<Option<&'static str>> {
        Some(self.inner.types.get(actor_type)?.reminder_method(name))
    }

    /// Ends an activation after the turns that wait for it; `false` if the type is not hosted here.
    pub(crate) fn passivate(&self, actor_type: &str, actor_id: &str) -> bool {
        self.inner.types.get(actor_type).map(|hosted| hosted.passivate(actor_id)).is_some()
    }

    /// Turns new calls away and waits for the running ones.
    pub async fn drain(&self) {
        self.inner.turns.close();
        self.inner.turns.wait().await;
        self.inner.registrar.settle().await;
        self.inner.system.stop();
    }
}

impl HostBuilder {
    /// Other settings than the default.
    #[must_use]
    pub fn settings(mut self, settings: HostSettings) -> Self {
        self.settings = settings;
        self
    }

    /// The relay to wake when a turn has written to the outbox.
    #[must_use]
    pub fn relay(mut self, relay: RelayHandle) -> Self {
        self.relay = relay;
        self
    }

    /// Hosts actors of type `A`.
    #[must_use]
    pub fn actor<A: Actor>(mut self) -> Self {
        self.types.push(Box::new(|parts| (A::TYPE, Box::new(Hosted::<A>::new(parts)))));
        self
    }

    /// Starts the threads the actors live on. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the machine refuses the threads.
    pub fn start(self) -> std::io::Result<Host> {
        let (system, arbiters) = arbiters::start()?;
        let registrar = Registrar::new(self.sidecar, Handle::current());
        let surroundings = Surroundings {
            registrar: registrar.clone(),
            relay: self.relay,
            runtime: Handle::current(),
            mailbox: self.settings.mailbox,
            idle_timeout: self.settings.idle_timeout,
        };
        let parts = Parts { store: self.store, clock: self.clock, surroundings, arbiters };
        let types = self.types.into_iter().map(|hosted| hosted(&parts)).collect();
        let inner = Inner { types, settings: self.settings, turns: TaskTracker::new(), registrar, system };
        Ok(Host { inner: Arc::new(inner) })
    }
}
