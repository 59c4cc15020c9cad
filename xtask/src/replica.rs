//! One replica of an app: the app's process and its sidecar.

use std::{path::PathBuf, time::Duration};

use anyhow::Result;

use crate::{
    apps::App,
    components,
    control_plane::ControlPlane,
    faults::{Ends, ReplicaFaults, SkewedClock},
    journal::Journal,
    ports::{PairPorts, Ports, instance},
    process::Program,
    readiness::Readiness,
    sidecar::{Detour, Sidecar, SidecarOptions},
    state_dir::StateDir,
    supervisor::Part,
    tools::Tools,
    workspace::{self, Profile},
};

const READY: Duration = Duration::from_secs(60);

/// What all replicas share.
pub(crate) struct Surroundings<'a> {
    pub(crate) tools: &'a Tools,
    pub(crate) directory: &'a StateDir,
    pub(crate) control_plane: &'a ControlPlane,
    pub(crate) database_url: &'a str,
    pub(crate) ports: &'a Ports,
    /// Whether each replica gets links that can be broken, and a clock that can be set off.
    pub(crate) faults: bool,
    pub(crate) profile: Profile,
    pub(crate) journal: &'a Journal,
}

/// The two processes of a replica, running.
pub(crate) struct Replica {
    pub(crate) app: Part,
    pub(crate) sidecar: Sidecar,
    pub(crate) faults: Option<ReplicaFaults>,
    app_port: u16,
}

impl Replica {
    /// Starts the app, then its sidecar, which asks the app for its actor types; returns when the app says that
    /// it is ready.
    pub(crate) async fn start(
        surroundings: &Surroundings<'_>,
        app: &App,
        number: u16,
        ports: PairPorts,
    ) -> Result<Self> {
        let Surroundings { tools, directory, control_plane, journal, .. } = surroundings;
        let faults = match surroundings.faults {
            true => Some(ReplicaFaults::open(directory, app, number, surroundings.ends(ports)).await?),
            false => None,
        };
        let name = instance(app.id, number);
        let readiness = Readiness::http(format!("http://127.0.0.1:{}/healthz", ports.app));
        let options = SidecarOptions {
            part: format!("{name}-sidecar"),
            app_id: app.id.to_owned(),
            app_port: ports.app,
            ports: ports.sidecar,
            actor_types: app.actor_types.iter().map(|name| (*name).to_owned()).collect(),
            resources: vec![surroundings.resources(app, &name, faults.as_ref())?],
            config: Some(directory.config()),
            detour: faults.as_ref().map(|faults| Detour {
                announced: faults.inbound().address().ip(),
                placement: faults.placement().address(),
            }),
        };
        let part = Part::launch(surroundings.program(app, name, ports, faults.as_ref()), readiness, journal)?;
        part.ready(READY).await?;
        let sidecar = Sidecar::start(tools, control_plane, options, journal).await?;
        let replica = Self { app: part, sidecar, faults, app_port: ports.app };
        replica.until_ready().await?;
        Ok(replica)
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
}

impl Surroundings<'_> {
    fn program(&self, app: &App, name: String, ports: PairPorts, faults: Option<&ReplicaFaults>) -> Program {
        let log = std::env::var("RUST_LOG").unwrap_or_else(|_| "info".into());
        let database = |faults: &ReplicaFaults| {
            let direct = format!("127.0.0.1:{}", self.ports.postgres);
            self.database_url.replace(&direct, &faults.database().address().to_string())
        };
        let program = Program::new(name, workspace::binary(self.profile, app.id))
            .env("APP_ID", app.id)
            .env("APP_HOST", "127.0.0.1")
            .env("APP_PORT", ports.app.to_string())
            .env("DAPR_HTTP_PORT", ports.sidecar.http.to_string())
            .env("DAPR_GRPC_PORT", ports.sidecar.grpc.to_string())
            .env("DATABASE_URL", faults.map_or_else(|| self.database_url.to_owned(), database))
            .env("PUBSUB_NAME", "pubsub")
            .env("RUST_LOG", log)
            .ports([ports.app]);
        let clock = faults.and_then(ReplicaFaults::clock).map(SkewedClock::environment);
        clock.into_iter().flatten().fold(program, |program, (name, value)| program.env(name, value))
    }

    fn ends(&self, ports: PairPorts) -> Ends {
        Ends {
            database: self.ports.postgres,
            broker: self.ports.redis,
            placement: self.ports.control_plane.placement,
            internal: ports.sidecar.internal,
        }
    }

    /// The components of a replica: those of its app, unless its way to the broker is its own.
    fn resources(&self, app: &App, name: &str, faults: Option<&ReplicaFaults>) -> Result<PathBuf> {
        let Some(faults) = faults else { return Ok(self.directory.resources(app.id)) };
        let folder = self.directory.resources_of_replica(name);
        let ports = Ports { redis: faults.broker().address().port(), ..self.ports.clone() };
        components::render_app(self.directory, &ports, app, &folder)?;
        Ok(folder)
    }
}
