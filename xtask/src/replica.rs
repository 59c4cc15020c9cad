//! One replica of an app: the app's process and its sidecar.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Result;

use crate::{
    apps::App,
    control_plane::ControlPlane,
    faults::{ReplicaFaults, SkewedClock},
    journal::Journal,
    ports::{PairPorts, instance},
    process::Program,
    readiness::Readiness,
    sidecar::{Sidecar, SidecarOptions},
    stack::Version,
    state_dir::StateDir,
    supervisor::Part,
    tools::Tools,
};

const READY: Duration = Duration::from_secs(60);

/// What all replicas share.
pub(crate) struct Surroundings<'a> {
    pub(crate) tools: &'a Tools,
    pub(crate) directory: &'a StateDir,
    pub(crate) control_plane: &'a ControlPlane,
    pub(crate) database_url: &'a str,
    /// Where clients reach the system.
    pub(crate) public_url: &'a str,
    /// Environment variables of the apps.
    pub(crate) settings: &'a BTreeMap<&'static str, String>,
    /// What to start.
    pub(crate) version: &'a Arc<Version>,
    pub(crate) journal: &'a Journal,
}

/// The two processes of a replica, running.
pub(crate) struct Replica {
    pub(crate) app: Part,
    pub(crate) sidecar: Sidecar,
    /// What can be broken of it, if it was made so.
    pub(crate) faults: Option<ReplicaFaults>,
    pub(crate) app_port: u16,
    /// Kept as long as the app may have to be started again.
    _version: Arc<Version>,
}

impl Replica {
    /// Starts the app, then its sidecar, which asks the app for its actor types; returns when the app says that
    /// it is ready. If that fails, nothing is left running.
    pub(crate) async fn start(
        surroundings: &Surroundings<'_>,
        app: &App,
        number: u16,
        ports: PairPorts,
        faults: Option<ReplicaFaults>,
    ) -> Result<Self> {
        let Surroundings { tools, directory, control_plane, journal, .. } = surroundings;
        let [sidecar_name, name] = Self::parts(app, number);
        let readiness = Readiness::http(format!("http://127.0.0.1:{}/healthz", ports.app));
        let options = SidecarOptions {
            part: sidecar_name,
            app_id: app.id.to_owned(),
            app_port: ports.app,
            ports: ports.sidecar,
            actor_types: app.actor_types.iter().map(|name| (*name).to_owned()).collect(),
            resources: vec![directory.resources(&name)],
            config: Some(directory.config()),
            detour: faults.as_ref().map(ReplicaFaults::detour),
        };
        let program = surroundings.program(app, name, ports, faults.as_ref());
        let part = Part::launch_ready(program, readiness, journal, READY).await?;
        let sidecar = match Sidecar::start(tools, control_plane, options, journal).await {
            Ok(sidecar) => sidecar,
            Err(error) => {
                part.stop().await;
                return Err(error);
            }
        };
        let version = surroundings.version.clone();
        let replica = Self { app: part, sidecar, faults, app_port: ports.app, _version: version };
        match replica.until_ready().await {
            Ok(()) => Ok(replica),
            Err(error) => {
                replica.stop().await;
                Err(error)
            }
        }
    }

    /// Waits until both run and the app calls itself ready: database, sidecar and actor types.
    pub(crate) async fn until_ready(&self) -> Result<()> {
        tokio::try_join!(self.app.ready(READY), self.sidecar.part().ready(READY))?;
        let ready = Readiness::http(format!("http://127.0.0.1:{}/health/ready", self.app_port));
        ready.within(READY).await.map_err(|error| error.context(format!("{} is not ready", self.app.name())))
    }

    /// The app first: it finishes its turns and flushes through the sidecar.
    pub(crate) async fn stop(self) {
        self.app.stop().await;
        self.sidecar.stop().await;
    }

    /// Stops it while others of its app take over: both at once. The sidecar gives up its actors and subscriptions
    /// at once, so that calls find another host soonest; the app answers until nobody asks.
    pub(crate) async fn leave(self) {
        tokio::join!(self.sidecar.stop(), self.app.stop());
    }

    /// The names of a replica's parts.
    pub(crate) fn parts(app: &App, number: u16) -> [String; 2] {
        let name = instance(app.id, number);
        [format!("{name}-sidecar"), name]
    }
}

impl Surroundings<'_> {
    fn program(&self, app: &App, name: String, ports: PairPorts, faults: Option<&ReplicaFaults>) -> Program {
        let log = std::env::var("RUST_LOG").unwrap_or_else(|_| "info".into());
        let direct = self.database_url;
        let database_url = faults.map_or(direct.to_owned(), |faults| faults.database().instead_of(direct));
        let program = Program::new(name, self.version.folder().join(app.id))
            .env("APP_ID", app.id)
            .env("APP_HOST", "127.0.0.1")
            .env("APP_PORT", ports.app.to_string())
            .env("DAPR_HTTP_PORT", ports.sidecar.http.to_string())
            .env("DAPR_GRPC_PORT", ports.sidecar.grpc.to_string())
            .env("DATABASE_URL", database_url)
            .env("PUBSUB_NAME", "pubsub")
            .env("PUBLIC_URL", self.public_url)
            .env("RUST_LOG", log)
            .ports([ports.app]);
        let program = self.settings.iter().fold(program, |program, (name, value)| program.env(name, value));
        let clock = faults.and_then(ReplicaFaults::clock).map(SkewedClock::environment);
        clock.into_iter().flatten().fold(program, |program, (name, value)| program.env(name, value))
    }
}
