//! Dapr's control plane on one machine: placement says which sidecar an actor lives at, the scheduler keeps
//! reminders.

use std::{fs, time::Duration};

use anyhow::Result;

use crate::{
    journal::Journal, ports::ControlPlanePorts, process::Program, readiness::Readiness, state_dir::StateDir,
    supervisor::Part, tools::Tools,
};

const READY: Duration = Duration::from_secs(60);

/// Placement and scheduler, running.
pub struct ControlPlane {
    placement: Part,
    scheduler: Part,
    ports: ControlPlanePorts,
}

impl ControlPlane {
    /// Starts both, the scheduler with its store in the state directory.
    pub async fn start(
        tools: &Tools,
        directory: &StateDir,
        ports: ControlPlanePorts,
        journal: &Journal,
    ) -> Result<Self> {
        let (placement, placement_ready) = (placement(tools, ports), healthz(ports.placement_healthz));
        let (scheduler, scheduler_ready) =
            (scheduler(tools, directory, ports)?, healthz(ports.scheduler_healthz));
        let placement = Part::launch(placement, placement_ready, journal)?;
        let scheduler = Part::launch(scheduler, scheduler_ready, journal)?;
        let both = Self { placement, scheduler, ports };
        both.until_ready().await?;
        Ok(both)
    }

    /// Waits until both are ready, as after a kill.
    pub async fn until_ready(&self) -> Result<()> {
        tokio::try_join!(self.placement.ready(READY), self.scheduler.ready(READY))?;
        Ok(())
    }

    pub fn placement(&self) -> &Part {
        &self.placement
    }

    pub fn scheduler(&self) -> &Part {
        &self.scheduler
    }

    pub(crate) fn placement_address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.placement)
    }

    pub(crate) fn scheduler_address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.scheduler)
    }

    pub async fn stop(self) {
        tokio::join!(self.scheduler.stop(), self.placement.stop());
    }
}

fn healthz(port: u16) -> Readiness {
    Readiness::http(format!("http://127.0.0.1:{port}/healthz"))
}

fn placement(tools: &Tools, ports: ControlPlanePorts) -> Program {
    Program::new("placement", &tools.placement)
        .args(["--id", "dapr-placement-0"])
        .args(["--initial-cluster", &format!("dapr-placement-0=127.0.0.1:{}", ports.placement_raft)])
        .args(["--port", &ports.placement.to_string(), "--listen-address", "127.0.0.1"])
        // A frozen sidecar loses its actors after three seconds, not after five; a busy machine is not frozen.
        .args(["--keepalive-time", "1s", "--keepalive-timeout", "2s"])
        .args(common(ports.placement_healthz, ports.placement_metrics))
        .ports([ports.placement, ports.placement_healthz, ports.placement_metrics, ports.placement_raft])
}

fn scheduler(tools: &Tools, directory: &StateDir, ports: ControlPlanePorts) -> Result<Program> {
    let data = directory.path().join("scheduler");
    fs::create_dir_all(&data)?;
    Ok(Program::new("scheduler", &tools.scheduler)
        .args(["--id", "dapr-scheduler-0"])
        .args(["--etcd-initial-cluster", &format!("dapr-scheduler-0=http://127.0.0.1:{}", ports.etcd_peer)])
        .args([
            "--etcd-client-listen-address",
            "127.0.0.1",
            "--etcd-client-port",
            &ports.etcd_client.to_string(),
        ])
        .args(["--port", &ports.scheduler.to_string(), "--listen-address", "127.0.0.1"])
        .arg("--etcd-data-dir")
        .arg(data)
        .args(common(ports.scheduler_healthz, ports.scheduler_metrics))
        .ports([
            ports.scheduler,
            ports.scheduler_healthz,
            ports.scheduler_metrics,
            ports.etcd_client,
            ports.etcd_peer,
        ]))
}

fn common(healthz: u16, metrics: u16) -> Vec<String> {
    let (healthz, metrics) = (healthz.to_string(), metrics.to_string());
    ["--healthz-listen-address", "127.0.0.1", "--healthz-port", &healthz]
        .into_iter()
        .chain(["--metrics-listen-address", "127.0.0.1", "--metrics-port", &metrics, "--log-as-json"])
        .map(str::to_owned)
        .collect()
}
