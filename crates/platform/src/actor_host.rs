//! A service that hosts actors: the host, the relay of what it commits, workers beside it, and the order in
//! which they stop.

use std::{future::Future, io, sync::Arc};

use axum::Router;
use tokio::task::{JoinHandle, JoinSet};
use virtual_actors::{Host, HostBuilder, PgStore, Relay, RelayHandle, Sidecar};

use crate::{Readiness, ServeError, Service, Stop};

/// The actors of a service, running.
///
/// ```no_run
/// use platform::{ActorHost, Service};
///
/// # async fn example<A: virtual_actors::Actor>(service: Service) -> Result<(), Box<dyn std::error::Error>> {
/// let host = ActorHost::start(service, |host| host.actor::<A>())?;
/// host.serve().await?;
/// # Ok(())
/// # }
/// ```
pub struct ActorHost {
    service: Service,
    host: Host,
    relay: RelayHandle,
    relaying: JoinHandle<()>,
    workers: JoinSet<()>,
    routes: Router,
    calls: Vec<&'static str>,
    /// Nothing writes to the outbox any more.
    settled: Stop,
}

impl ActorHost {
    /// Starts the host of the actor types that `actors` names, and its relay; call it inside a tokio runtime.
    ///
    /// # Errors
    /// When the machine refuses the host's threads.
    pub fn start(
        service: Service,
        actors: impl FnOnce(HostBuilder) -> HostBuilder,
    ) -> Result<Self, io::Error> {
        let store = PgStore::new(service.pool.clone());
        let sidecar: Arc<dyn Sidecar> = Arc::new(service.sidecar.clone());
        let relay = Relay::new(Arc::new(store.clone()), Arc::clone(&sidecar), service.ids.next_id());
        let handle = relay.handle();
        let builder = Host::builder(Arc::new(store), sidecar, Arc::clone(&service.clock));
        let host = actors(builder.relay(handle.clone())).start()?;
        let settled = Stop::default();
        let relaying = tokio::spawn(relay.run(settled.requested()));
        let (workers, routes) = (JoinSet::new(), host.routes());
        let calls = Vec::new();
        Ok(Self { service, host, relay: handle, relaying, workers, routes, calls, settled })
    }

    /// What wakes the relay, for who writes to the outbox outside of turns.
    pub fn relay(&self) -> RelayHandle {
        self.relay.clone()
    }

    /// Runs a worker beside the actors. It ends on [`Service::stop`], with what it has in hand.
    #[must_use]
    pub fn worker(mut self, work: impl Future<Output = ()> + Send + 'static) -> Self {
        self.workers.spawn(work);
        self
    }

    /// Calls actors of these types, which live elsewhere; or its actors tell them something.
    #[must_use]
    pub fn calls(mut self, types: impl IntoIterator<Item = &'static str>) -> Self {
        self.calls.extend(types);
        self
    }

    /// Serves these beside the actors.
    #[must_use]
    pub fn routes(mut self, routes: Router) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// Serves until the service is asked to stop. Then the turns end, then the workers,
    /// and the relay last, since both still write to the outbox.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn serve(self) -> Result<(), ServeError> {
        let Self { service, host, relaying, mut workers, routes, calls, settled, .. } = self;
        let readiness = Readiness::new().actor_types(host.actor_types()).calls(calls);
        let drain = async {
            host.drain().await;
            while let Some(ended) = workers.join_next().await {
                report(ended);
            }
            settled.request();
            report(relaying.await);
        };
        service.serve(routes, readiness, drain).await
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a worker ended badly");
    }
}
