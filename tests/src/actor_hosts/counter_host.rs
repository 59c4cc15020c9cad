//! One host of `Counter` actors: routes on a port, a store that can be made to fail, a relay, a sidecar.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;
use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use uuid::Uuid;
use virtual_actors::{
    ActorClient, Call, DaprSidecar, Host, IdSource, Message, Outcome, PgStore, Relay, Sidecar as _, Store,
    System,
    testing::{FaultyStore, counter::Counter},
};
use xtask::{Sidecar, SidecarOptions, SidecarPorts, free_port};

use super::{Surroundings, connect, resources};
use crate::Request as HttpRequest;

/// How long one call through a sidecar may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Before a call that was turned away is made again.
const PAUSE: Duration = Duration::from_millis(50);

/// A host that believes it owns whatever it is called for.
pub struct CounterHost {
    pub host: Host,
    pub store: FaultyStore,
    /// Through this host's own sidecar.
    pub client: DaprSidecar,
    pub(super) sidecar: Option<Sidecar>,
    pub(super) sidecar_ports: SidecarPorts,
    number: u16,
    port: u16,
    outbox: PgStore,
    relay: RunningRelay,
    callbacks: Callbacks,
}

/// Methods and paths of the requests a host got from its sidecar.
type Callbacks = Arc<Mutex<Vec<String>>>;

struct RunningRelay {
    id: Uuid,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl CounterHost {
    pub(super) async fn serve(number: u16, database_url: &str) -> Result<Self> {
        let (port, sidecar_ports) = (free_port()?, SidecarPorts::free()?);
        let outbox = PgStore::new(connect(database_url).await?);
        let store = FaultyStore::new(Arc::new(outbox.clone()));
        let client = client(sidecar_ports.grpc)?;
        let (id, outbox_of_relay) = (System.next_id(), Arc::new(outbox.clone()));
        let relay = Relay::new(outbox_of_relay, Arc::new(client.clone()), id);
        let host = host(Arc::new(store.clone()), &client, Some(&relay))?;
        let callbacks = Callbacks::default();
        let routes = host.routes().layer(middleware::from_fn_with_state(callbacks.clone(), note));
        serve(port, routes).await?;
        Ok(Self {
            host,
            store,
            client,
            sidecar: None,
            sidecar_ports,
            number,
            port,
            outbox,
            relay: RunningRelay::run(id, relay),
            callbacks,
        })
    }

    pub(super) async fn start_sidecar(&mut self, surroundings: &Surroundings<'_>) -> Result<()> {
        let Surroundings { tools, directory, journal, control_plane } = surroundings;
        let options = SidecarOptions {
            part: format!("counters-{}-sidecar", self.number + 1),
            app_id: resources::HOSTS.into(),
            app_port: self.port,
            ports: self.sidecar_ports,
            actor_types: vec!["Counter".into()],
            resources: vec![resources::directory(directory)],
            config: Some(resources::config(directory)),
            detour: None,
        };
        self.sidecar = Some(Sidecar::start(tools, control_plane, options, journal).await?);
        Ok(())
    }

    /// Typed calls through this host's sidecar.
    pub fn actors(&self) -> ActorClient {
        ActorClient::new(Arc::new(self.client.clone()))
    }

    /// A call of this host, whoever owns the actor.
    pub async fn call(&self, actor: &str, method: &str, call: &Call) -> Outcome {
        self.host.call("Counter", actor, method, call.clone()).await.expect("it hosts counters")
    }

    /// A call through this host's sidecar, to wherever the actor is placed.
    pub async fn invoke(&self, actor: &str, method: &str, call: &Call) -> Outcome {
        let body = serde_json::to_vec(call).expect("a call has a JSON form");
        match self.client.invoke_actor("Counter", actor, method, body, TIMEOUT).await {
            Ok(answer) => serde_json::from_slice(&answer).expect("an outcome"),
            Err(error) => Outcome::Unavailable { detail: error.to_string() },
        }
    }

    /// Calls this host, or through its sidecar, until the call is answered.
    pub async fn until_answered(
        &self,
        through_sidecar: bool,
        actor: &str,
        method: &str,
        call: &Call,
    ) -> Outcome {
        loop {
            let outcome = match through_sidecar {
                true => self.invoke(actor, method, call).await,
                false => self.call(actor, method, call).await,
            };
            match outcome {
                Outcome::Unavailable { .. } => tokio::time::sleep(PAUSE).await,
                answered => return answered,
            }
        }
    }

    /// Whether Dapr keeps a reminder of this name for an actor.
    pub async fn has_reminder(&self, actor: &str, name: &str) -> bool {
        let port = self.sidecar_ports.http;
        let url = format!("http://127.0.0.1:{port}/v1.0/actors/Counter/{actor}/reminders/{name}");
        HttpRequest::new("GET", url).send().await.body["dueTime"].is_string()
    }

    /// A request as the sidecar makes it.
    pub fn request(&self, method: &str, path: &str) -> HttpRequest {
        HttpRequest::new(method, format!("http://127.0.0.1:{}{path}", self.port))
    }

    /// How many requests about this actor this host got.
    pub fn callbacks(&self, actor: &str) -> usize {
        let path = format!("/actors/Counter/{actor}/");
        let callbacks = self.callbacks.lock().unwrap_or_else(PoisonError::into_inner);
        callbacks.iter().filter(|callback| callback.contains(&path)).count()
    }

    /// The name of this host's relay.
    pub fn relay_id(&self) -> Uuid {
        self.relay.id
    }

    /// Ends the relay as a crash would: it gives nothing back.
    pub fn kill_relay(&self) {
        self.relay.task.abort();
    }

    /// A new relay, as of a new process. Turns here do not wake it; it looks by itself.
    pub fn start_relay(&mut self) {
        let id = System.next_id();
        let relay = Relay::new(Arc::new(self.outbox.clone()), Arc::new(self.client.clone()), id);
        self.relay = RunningRelay::run(id, relay);
    }

    pub(super) async fn stop(self) {
        self.host.drain().await;
        // Gone already if it was killed.
        let _ = self.relay.stop.send(());
        let _ = self.relay.task.await;
        if let Some(sidecar) = self.sidecar {
            sidecar.stop().await;
        }
    }
}

impl RunningRelay {
    fn run(id: Uuid, relay: Relay) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(relay.run(async {
            let _ = stopped.await;
        }));
        Self { id, stop, task }
    }
}

/// A call with a fresh command id.
pub fn command<M: Message>(message: &M) -> Call {
    Call {
        command_id: Some(virtual_actors::CommandId(System.next_id())),
        message: serde_json::to_value(message).expect("a message has a JSON form"),
        ..Call::default()
    }
}

pub(super) fn client(grpc_port: u16) -> Result<DaprSidecar> {
    Ok(DaprSidecar::new(&format!("http://127.0.0.1:{grpc_port}"), None, resources::PUBSUB)?)
}

pub(super) fn host(store: Arc<dyn Store>, client: &DaprSidecar, relay: Option<&Relay>) -> Result<Host> {
    let mut host = Host::builder(store, Arc::new(client.clone()), Arc::new(System)).actor::<Counter>();
    if let Some(relay) = relay {
        host = host.relay(relay.handle());
    }
    Ok(host.start()?)
}

pub(super) async fn serve(port: u16, routes: Router) -> Result<()> {
    let routes = routes.route("/healthz", get(async || StatusCode::OK));
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    tokio::spawn(async { axum::serve(listener, routes).await });
    Ok(())
}

async fn note(State(callbacks): State<Callbacks>, request: Request, next: Next) -> Response {
    let line = format!("{} {}", request.method(), request.uri().path());
    callbacks.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    next.run(request).await
}
