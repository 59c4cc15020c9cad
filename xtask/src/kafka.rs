//! An Apache Kafka broker of our own: one node, which is its own controller (KRaft).

mod distribution;
mod topics;

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::{
    broker::BrokerLink, journal::Journal, ports::KafkaPorts, process::Program, readiness::Readiness,
    state_dir::StateDir, supervisor::Part,
};
use distribution::Distribution;
pub use topics::Topic;

const READY: Duration = Duration::from_secs(120);
/// It names the data as this cluster's: 16 bytes, in base64.
const CLUSTER: &str = "QWxtYW5hY0thZmthT25lMQ";

/// The file with what the names of groups end in.
const GROUPS: &str = "groups";

/// What a broker is for.
#[derive(Clone, Debug)]
pub struct KafkaOptions {
    pub ports: KafkaPorts,
    pub topics: Vec<Topic>,
    /// Ways for some clients only.
    pub links: Vec<BrokerLink>,
}

/// A running broker.
pub struct Kafka(Part);

impl Kafka {
    /// Fetches what is not there.
    pub async fn obtain() -> Result<()> {
        Distribution::obtain().await.map(drop)
    }

    /// Starts it with its data in the state directory, and makes the topics that are not there.
    pub async fn start(directory: &StateDir, options: KafkaOptions, journal: &Journal) -> Result<Self> {
        let distribution = Distribution::obtain().await?;
        let home = home(directory);
        fs::create_dir_all(&home)?;
        let (data, settings) = (home.join("data"), home.join("server.properties"));
        fs::write(&settings, properties(&data, &options))?;
        // Written last by a format.
        if !data.join("meta.properties").exists() {
            format(&distribution, &settings).await?;
        }
        let KafkaOptions { ports, topics, .. } = options;
        let program = Program::new("kafka", &distribution.java)
            .args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-Dlog4j2.level=WARN"])
            .args(["-cp", &distribution.class_path(), "kafka.Kafka"])
            .arg(settings)
            .ports([ports.broker, ports.controller]);
        let answers = Readiness::new(move || async move {
            topics::connect(ports.broker).await?.list_topics().await?;
            Ok(())
        });
        let part = Part::launch(program, answers, journal)?;
        part.ready(READY).await?;
        topics::create(ports.broker, &topics).await?;
        Ok(Self(part))
    }

    pub fn part(&self) -> &Part {
        &self.0
    }

    pub async fn stop(self) {
        self.0.stop().await;
    }
}

/// What the names of the subscribers' groups end in: nothing before the first restore.
pub(crate) fn group_suffix(directory: &StateDir) -> String {
    fs::read_to_string(home(directory).join(GROUPS)).unwrap_or_default()
}

/// Lets the subscribers read everything again that is still there, by names that are new to Kafka. It cannot be asked
/// to go back to a time by clients of ours.
pub(crate) fn offer_all_again(directory: &StateDir, epoch: i64) -> Result<()> {
    match fs::write(home(directory).join(GROUPS), format!("-{epoch}")) {
        // Kafka was never used.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        written => Ok(written?),
    }
}

fn home(directory: &StateDir) -> PathBuf {
    directory.path().join("kafka")
}

async fn format(distribution: &Distribution, settings: &PathBuf) -> Result<()> {
    let mut tool = Command::new(&distribution.java);
    tool.args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlog4j2.level=WARN"]);
    tool.args(["-cp", &distribution.class_path(), "kafka.tools.StorageTool", "format"]);
    tool.args(["--cluster-id", CLUSTER, "--ignore-formatted", "--config"]).arg(settings).kill_on_drop(true);
    let output = tool.output().await.context("cannot run Kafka's StorageTool")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "Kafka's data directory cannot be made: {}", said.trim());
    Ok(())
}

fn properties(data: &Path, options: &KafkaOptions) -> String {
    let KafkaOptions { ports: KafkaPorts { broker, controller }, links, .. } = options;
    let mut listeners = vec![format!("BROKER://127.0.0.1:{broker}")];
    let mut advertised = listeners.clone();
    let mut protocols = vec!["BROKER:PLAINTEXT".to_owned(), "CONTROLLER:PLAINTEXT".to_owned()];
    for (number, BrokerLink { near, far }) in links.iter().enumerate() {
        // A client that came this way must be told to come back this way.
        listeners.push(format!("LINK{number}://127.0.0.1:{far}"));
        advertised.push(format!("LINK{number}://127.0.0.1:{near}"));
        protocols.push(format!("LINK{number}:PLAINTEXT"));
    }
    listeners.push(format!("CONTROLLER://127.0.0.1:{controller}"));
    let settings = [
        ("process.roles", "broker,controller".to_owned()),
        ("node.id", "1".to_owned()),
        ("controller.quorum.voters", format!("1@127.0.0.1:{controller}")),
        ("listeners", listeners.join(",")),
        ("advertised.listeners", advertised.join(",")),
        ("listener.security.protocol.map", protocols.join(",")),
        ("inter.broker.listener.name", "BROKER".to_owned()),
        ("controller.listener.names", "CONTROLLER".to_owned()),
        ("log.dirs", data.display().to_string()),
        // A topic made on demand would have the wrong number of partitions.
        ("auto.create.topics.enable", "false".to_owned()),
        // The outbox forgets an event once it was accepted, so accepting must mean: on disk.
        ("log.flush.interval.messages", "1".to_owned()),
        // Two weeks: less than the 30 days for which answers to commands are kept, so that a replay is recognised.
        // Who has taken what is remembered for longer, or a group that was away would start again.
        ("log.retention.hours", (14 * 24).to_string()),
        ("offsets.retention.minutes", (21 * 24 * 60).to_string()),
        // One node.
        ("offsets.topic.replication.factor", "1".to_owned()),
        ("offsets.topic.num.partitions", "8".to_owned()),
        ("transaction.state.log.replication.factor", "1".to_owned()),
        ("transaction.state.log.min.isr", "1".to_owned()),
        ("share.coordinator.state.topic.replication.factor", "1".to_owned()),
        ("share.coordinator.state.topic.min.isr", "1".to_owned()),
        // Sidecars start one after the other, and the first need not wait for the last.
        ("group.initial.rebalance.delay.ms", "0".to_owned()),
    ];
    settings.map(|(name, value)| format!("{name}={value}\n")).concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_listens_at_its_far_end_and_names_its_near_one() {
        let ports = KafkaPorts { broker: 1, controller: 2 };
        let options = KafkaOptions { ports, topics: vec![], links: vec![BrokerLink { near: 3, far: 4 }] };
        let properties = properties(Path::new("/data"), &options);
        for line in [
            "listeners=BROKER://127.0.0.1:1,LINK0://127.0.0.1:4,CONTROLLER://127.0.0.1:2\n",
            "advertised.listeners=BROKER://127.0.0.1:1,LINK0://127.0.0.1:3\n",
        ] {
            assert!(properties.contains(line), "{properties}");
        }
    }
}
