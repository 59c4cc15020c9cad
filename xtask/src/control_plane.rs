//! Dapr's control plane on one machine: placement says which sidecar an actor lives at, the scheduler keeps
//! reminders. There is one of each, or three: then any one may die.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Result;
use futures::future::{join_all, try_join_all};

use crate::{
    journal::Journal,
    ports::{ControlPlanePorts, PlacementPorts, SchedulerPorts, instance},
    process::Program,
    readiness::Readiness,
    state_dir::StateDir,
    supervisor::Part,
    tools::Tools,
};

const READY: Duration = Duration::from_secs(60);

/// Placement and scheduler, running.
pub struct ControlPlane {
    placements: Vec<Part>,
    schedulers: Vec<Part>,
    ports: ControlPlanePorts,
}

impl ControlPlane {
    /// Starts all of them, the schedulers with their stores in the state directory.
    pub async fn start(
        tools: &Tools,
        directory: &StateDir,
        ports: &ControlPlanePorts,
        journal: &Journal,
    ) -> Result<Self> {
        let data = schedules(directory, ports.schedulers.len())?;
        let placement = |number: u16, own: &PlacementPorts| {
            Part::launch(placement(tools, ports, number, own), healthz(own.healthz), journal)
        };
        let scheduler = |number: u16, own: &SchedulerPorts| {
            Part::launch(scheduler(tools, &data, ports, number, own), healthz(own.healthz), journal)
        };
        let placements = (0..).zip(&ports.placements).map(|(number, own)| placement(number, own));
        let schedulers = (0..).zip(&ports.schedulers).map(|(number, own)| scheduler(number, own));
        let all = Self {
            placements: placements.collect::<Result<_>>()?,
            schedulers: schedulers.collect::<Result<_>>()?,
            ports: ports.clone(),
        };
        all.until_ready().await?;
        Ok(all)
    }

    /// Waits until all are ready, as after a kill.
    pub async fn until_ready(&self) -> Result<()> {
        try_join_all(self.placements.iter().chain(&self.schedulers).map(|part| part.ready(READY))).await?;
        Ok(())
    }

    pub fn placements(&self) -> &[Part] {
        &self.placements
    }

    pub fn schedulers(&self) -> &[Part] {
        &self.schedulers
    }

    /// As a sidecar is told: it finds the leader among them.
    pub(crate) fn placement_addresses(&self) -> String {
        addresses(self.ports.placements.iter().map(|ports| ports.api))
    }

    pub(crate) fn scheduler_addresses(&self) -> String {
        addresses(self.ports.schedulers.iter().map(|ports| ports.api))
    }

    pub async fn stop(self) {
        join_all(self.schedulers.into_iter().chain(self.placements).map(Part::stop)).await;
    }
}

fn addresses(ports: impl Iterator<Item = u16>) -> String {
    ports.map(|port| format!("127.0.0.1:{port}")).collect::<Vec<_>>().join(",")
}

fn healthz(port: u16) -> Readiness {
    Readiness::http(format!("http://127.0.0.1:{port}/healthz"))
}

/// Where so many schedulers keep reminders. A cluster's size is in its data, so those of another size are removed:
/// the minute's sweep has those reminders set again that are needed.
fn schedules(directory: &StateDir, members: usize) -> Result<PathBuf> {
    let own = format!("of-{members}");
    fs::create_dir_all(directory.schedules())?;
    for entry in fs::read_dir(directory.schedules())? {
        let entry = entry?;
        if entry.file_name() != *own {
            fs::remove_dir_all(entry.path()).or_else(|_| fs::remove_file(entry.path()))?;
        }
    }
    Ok(directory.schedules().join(own))
}

fn placement_id(number: u16) -> String {
    format!("dapr-placement-{number}")
}

fn placement(tools: &Tools, all: &ControlPlanePorts, number: u16, own: &PlacementPorts) -> Program {
    let cluster = (0..).zip(&all.placements);
    let cluster: Vec<_> =
        cluster.map(|(number, ports)| format!("{}=127.0.0.1:{}", placement_id(number), ports.raft)).collect();
    Program::new(instance("placement", number), &tools.placement)
        .args(["--id", &placement_id(number), "--initial-cluster", &cluster.join(",")])
        .args(["--port", &own.api.to_string(), "--listen-address", "127.0.0.1"])
        // A frozen sidecar loses its actors after three seconds, not after five; a busy machine is not frozen.
        .args(["--keepalive-time", "1s", "--keepalive-timeout", "2s"])
        // While a round goes on, calls to the types that move wait: for a sidecar whose frozen app holds it up, so
        // long. It must let running calls end first (`drain_timeout` of the actor hosts).
        .args(["--disseminate-timeout", "3s"])
        .args(common(own.healthz, own.metrics))
        .ports([own.api, own.healthz, own.metrics, own.raft])
}

fn scheduler_id(number: u16) -> String {
    format!("dapr-scheduler-{number}")
}

fn scheduler(
    tools: &Tools,
    data: &Path,
    all: &ControlPlanePorts,
    number: u16,
    own: &SchedulerPorts,
) -> Program {
    let cluster = (0..).zip(&all.schedulers);
    let cluster: Vec<_> = cluster
        .map(|(number, ports)| format!("{}=http://127.0.0.1:{}", scheduler_id(number), ports.etcd_peer))
        .collect();
    Program::new(instance("scheduler", number), &tools.scheduler)
        .args(["--id", &scheduler_id(number), "--etcd-initial-cluster", &cluster.join(",")])
        .args(["--etcd-client-listen-address", "127.0.0.1"])
        .args(["--etcd-client-port", &own.etcd_client.to_string()])
        .args(["--port", &own.api.to_string(), "--listen-address", "127.0.0.1"])
        .arg("--etcd-data-dir")
        .arg(data.join(scheduler_id(number)))
        .args(common(own.healthz, own.metrics))
        .ports([own.api, own.healthz, own.metrics, own.etcd_client, own.etcd_peer])
}

fn common(healthz: u16, metrics: u16) -> Vec<String> {
    let (healthz, metrics) = (healthz.to_string(), metrics.to_string());
    ["--healthz-listen-address", "127.0.0.1", "--healthz-port", &healthz]
        .into_iter()
        .chain(["--metrics-listen-address", "127.0.0.1", "--metrics-port", &metrics, "--log-as-json"])
        .map(str::to_owned)
        .collect()
}
