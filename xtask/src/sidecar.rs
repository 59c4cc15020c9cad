//! A daprd: the sidecar of one replica of an app.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    time::Duration,
};

use anyhow::Result;

use crate::{
    components, control_plane::ControlPlane, journal::Journal, ports::SidecarPorts, process::Program,
    readiness::Readiness, supervisor::Part, tools::Tools,
};

const READY: Duration = Duration::from_secs(60);

/// What a sidecar is for.
#[derive(Clone, Debug)]
pub struct SidecarOptions {
    /// Names it among the parts; several sidecars may serve one app-id.
    pub part: String,
    pub app_id: String,
    /// The app must be listening there already: daprd asks it for its actor types only once.
    pub app_port: u16,
    pub ports: SidecarPorts,
    /// It is ready when it hosts these.
    pub actor_types: Vec<String>,
    /// Directories of components and subscriptions.
    pub resources: Vec<PathBuf>,
    pub config: Option<PathBuf>,
    /// Where it is reached and finds placement, if not directly.
    pub detour: Option<Detour>,
}

/// Ways that lead through a link.
#[derive(Clone, Debug)]
pub struct Detour {
    /// What others are told is its address.
    pub announced: IpAddr,
    pub placements: String,
}

/// A running sidecar.
pub struct Sidecar {
    part: Part,
    ports: SidecarPorts,
}

impl Sidecar {
    /// Starts it and waits until it hosts the actor types and has its components.
    pub async fn start(
        tools: &Tools,
        control_plane: &ControlPlane,
        options: SidecarOptions,
        journal: &Journal,
    ) -> Result<Self> {
        let components = components::names(&options.resources, &options.app_id)?;
        let readiness = Readiness::sidecar(options.ports.http, options.actor_types.clone(), components);
        let ports = options.ports;
        let program = program(tools, control_plane, options);
        let part = Part::launch_ready(program, readiness, journal, READY).await?;
        Ok(Self { part, ports })
    }

    pub fn ports(&self) -> SidecarPorts {
        self.ports
    }

    pub fn part(&self) -> &Part {
        &self.part
    }

    pub async fn stop(self) {
        self.part.stop().await;
    }
}

fn program(tools: &Tools, control_plane: &ControlPlane, options: SidecarOptions) -> Program {
    let SidecarOptions { part, app_id, app_port, ports, resources, config, detour, .. } = options;
    let number = |port: u16| port.to_string();
    let announced = detour.as_ref().map_or(Ipv4Addr::LOCALHOST.into(), |detour| detour.announced);
    let placements = detour.map_or_else(|| control_plane.placement_addresses(), |detour| detour.placements);
    let mut program = Program::new(part, &tools.daprd)
        // Else it announces the machine's outer address to the others.
        .env("DAPR_HOST_IP", announced.to_string())
        .args(["--app-id", &app_id, "--app-port", &number(app_port), "--app-protocol", "http"])
        .args(["--dapr-http-port", &number(ports.http), "--dapr-grpc-port", &number(ports.grpc)])
        .args([
            "--dapr-internal-grpc-port",
            &number(ports.internal),
            "--metrics-port",
            &number(ports.metrics),
        ])
        .args(["--dapr-listen-addresses", "127.0.0.1", "--metrics-listen-address", "127.0.0.1"])
        .args(["--dapr-internal-grpc-listen-address", "127.0.0.1"])
        .args(["--placement-host-address", &placements])
        .args(["--scheduler-host-address", &control_plane.scheduler_addresses()])
        // Longer than placement's own, which ends a round that a sidecar holds up.
        .args(["--actors-disseminate-timeout", "6s"])
        // A frozen app's actors move after four seconds, a dead one's after three. daprd counts failures since the
        // app was last found sick, not in a row: a timeout that a busy machine exceeds now and then would add up.
        .args(["--enable-app-health-check", "--app-health-check-path", "/healthz"])
        .args(["--app-health-probe-interval", "1", "--app-health-probe-timeout", "1000"])
        .args(["--app-health-threshold", "3"])
        // A component that could not be loaded, as while the broker is away, is tried again this often.
        .args(["--hot-reload-reconcile-interval", "2s"])
        // Subscriptions are declared in files; the app is not asked for them.
        .args(["--disable-init-endpoints", "subscribe"])
        .args(["--dapr-graceful-shutdown-seconds", "5", "--log-as-json"])
        .ports([ports.http, ports.grpc, ports.internal, ports.metrics]);
    for directory in resources {
        program = program.arg("--resources-path").arg(directory);
    }
    if let Some(config) = config {
        program = program.arg("--config").arg(config);
    }
    program
}
