//! Which port is for what: the fixed table of `cargo xtask up`, and free ones for tests.
//!
//! All of them lie below 32768, where Linux starts to hand out ports to outgoing connections.

mod blocks;
mod control_plane;

use std::{collections::BTreeMap, net::TcpListener};

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use crate::{
    apps::{APPS, App, Replicas},
    port_holder,
};
pub use blocks::free_port;
pub use control_plane::{ControlPlanePorts, Members, PlacementPorts, SchedulerPorts};

/// Every port of a running system.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ports {
    /// Where clients find the REST API, however many backends there are.
    pub front_door: u16,
    pub postgres: u16,
    pub redis: u16,
    pub kafka: KafkaPorts,
    pub smtp: u16,
    pub mailpit: u16,
    pub control_plane: ControlPlanePorts,
    /// By app-id, one entry a replica.
    pub apps: BTreeMap<String, Vec<PairPorts>>,
    /// Where those of a replica that is added come from.
    source: Source,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Source {
    Table,
    Free,
}

/// The ports of a Kafka that is its own controller.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct KafkaPorts {
    pub broker: u16,
    pub controller: u16,
}

/// The ports of one app and its sidecar.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct PairPorts {
    pub app: u16,
    pub sidecar: SidecarPorts,
}

/// The ports of one daprd.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SidecarPorts {
    pub http: u16,
    pub grpc: u16,
    pub internal: u16,
    pub metrics: u16,
}

const FIRST_APP_PORT: u16 = 9100;
const PORTS_OF_A_PAIR: u16 = 5;

impl Ports {
    /// The table of `cargo xtask up`; clients find the REST API on `front_door`.
    pub fn fixed(replicas: &Replicas, front_door: u16) -> Self {
        let pairs = |(index, app): (u16, &App)| {
            let pairs = (0..replicas.of(app.id)).map(|replica| PairPorts::of_table(index, replica)).collect();
            (app.id.to_owned(), pairs)
        };
        let apps = (0..).zip(APPS).map(pairs).collect();
        let control_plane = ControlPlanePorts::fixed(Members::One);
        let kafka = KafkaPorts { broker: 6392, controller: 6393 };
        let (postgres, redis, smtp, mailpit) = (5442, 6389, 1025, 8025);
        Self { front_door, postgres, redis, kafka, smtp, mailpit, control_plane, apps, source: Source::Table }
    }

    /// Ports that are free right now.
    pub fn free(replicas: &Replicas) -> Result<Self> {
        let pairs = |app: &App| (0..replicas.of(app.id)).map(|_| PairPorts::free()).collect::<Result<_>>();
        Ok(Self {
            front_door: free_port()?,
            postgres: free_port()?,
            redis: free_port()?,
            kafka: KafkaPorts::free()?,
            smtp: free_port()?,
            mailpit: free_port()?,
            control_plane: ControlPlanePorts::free(Members::One)?,
            apps: APPS.iter().map(|app| Ok((app.id.to_owned(), pairs(app)?))).collect::<Result<_>>()?,
            source: Source::Free,
        })
    }

    /// Those of an app's replicas, by number.
    pub fn of(&self, app: &str) -> &[PairPorts] {
        self.apps.get(app).map(Vec::as_slice).unwrap_or_default()
    }

    /// Has ports for exactly `count` replicas of an app; the first ones keep theirs. If a new one is taken it fails, and
    /// all is as before.
    pub(crate) fn resize(&mut self, app: &App, count: u16) -> Result<()> {
        let index = APPS.iter().position(|known| known.id == app.id).unwrap_or_default() as u16;
        let mut pairs = self.of(app.id).to_vec();
        pairs.truncate(count.into());
        for replica in pairs.len() as u16..count {
            let pair = match self.source {
                Source::Table => PairPorts::of_table(index, replica),
                Source::Free => PairPorts::free()?,
            };
            ensure_free(pair.named(&instance(app.id, replica)).into())?;
            pairs.push(pair);
        }
        self.apps.insert(app.id.to_owned(), pairs);
        Ok(())
    }

    /// Each port with what it is for.
    pub fn named(&self) -> Vec<(String, u16)> {
        let mut all: Vec<(String, u16)> = [
            ("REST API", self.front_door),
            ("PostgreSQL", self.postgres),
            ("Redis", self.redis),
            ("Kafka", self.kafka.broker),
            ("Kafka controller", self.kafka.controller),
            ("mailpit SMTP", self.smtp),
            ("mailpit web page", self.mailpit),
        ]
        .map(|(purpose, port)| (purpose.to_owned(), port))
        .into();
        all.extend(self.control_plane.named());
        for (app, pairs) in &self.apps {
            for (replica, pair) in pairs.iter().enumerate() {
                all.extend(pair.named(&instance(app, replica as u16)));
            }
        }
        all
    }

    /// Fails with every port that is taken, what it is for and who holds it.
    pub fn ensure_free(&self) -> Result<()> {
        ensure_free(self.named())
    }
}

impl PairPorts {
    /// The app's number in the table of apps, and that of the replica, say which.
    fn of_table(app: u16, replica: u16) -> Self {
        let first = FIRST_APP_PORT + (app * Replicas::MOST + replica) * PORTS_OF_A_PAIR;
        let [http, grpc, internal, metrics] = [first + 1, first + 2, first + 3, first + 4];
        Self { app: first, sidecar: SidecarPorts { http, grpc, internal, metrics } }
    }

    fn free() -> Result<Self> {
        Ok(Self { app: free_port()?, sidecar: SidecarPorts::free()? })
    }

    fn named(&self, instance: &str) -> [(String, u16); 5] {
        let SidecarPorts { http, grpc, internal, metrics } = self.sidecar;
        [
            (instance.to_owned(), self.app),
            (format!("{instance} sidecar HTTP"), http),
            (format!("{instance} sidecar gRPC"), grpc),
            (format!("{instance} sidecar internal gRPC"), internal),
            (format!("{instance} sidecar metrics"), metrics),
        ]
    }
}

impl KafkaPorts {
    /// Ports that are free right now.
    pub fn free() -> Result<Self> {
        Ok(Self { broker: free_port()?, controller: free_port()? })
    }
}

impl SidecarPorts {
    /// Ports that are free right now.
    pub fn free() -> Result<Self> {
        Ok(Self { http: free_port()?, grpc: free_port()?, internal: free_port()?, metrics: free_port()? })
    }
}

/// The name of a replica or member: what it is one of, numbered from the second on.
pub(crate) fn instance(of: &str, number: u16) -> String {
    match number {
        0 => of.to_owned(),
        later => format!("{of}-{}", later + 1),
    }
}

fn ensure_free(named: Vec<(String, u16)>) -> Result<()> {
    let taken: Vec<String> = named
        .into_iter()
        .filter(|(_, port)| !is_free(*port))
        .map(|(purpose, port)| match port_holder::of(port) {
            Some(holder) => format!("port {port} ({purpose}) is taken by {holder}"),
            None => format!("port {port} ({purpose}) is taken"),
        })
        .collect();
    ensure!(taken.is_empty(), "nothing was started:\n  {}", taken.join("\n  "));
    Ok(())
}

fn is_free(port: u16) -> bool {
    // daprd and the control plane bind some ports on every interface.
    TcpListener::bind(("127.0.0.1", port)).is_ok() && TcpListener::bind(("0.0.0.0", port)).is_ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::apps::BACKEND;

    fn most() -> Replicas {
        APPS.iter().fold(Replicas::default(), |all, app| all.with(app.id, Replicas::MOST).unwrap())
    }

    #[test]
    fn no_port_of_the_table_is_given_out_twice() {
        let control_plane = ControlPlanePorts::fixed(Members::Three);
        let all = Ports { control_plane, ..Ports::fixed(&most(), 8000) }.named();
        let distinct: BTreeSet<_> = all.iter().map(|(_, port)| port).collect();
        assert_eq!(distinct.len(), all.len());
        assert!(distinct.iter().all(|port| **port < 32768));
    }

    #[test]
    fn replicas_get_the_ports_that_follow() {
        let ports = Ports::fixed(&Replicas::default().with("todo-actors", 2).unwrap(), 8000);
        let [first, second] = *ports.of("todo-actors") else { panic!("two replicas") };
        assert_eq!((first.app, first.sidecar.http, second.app), (9150, 9151, 9155));
        assert_eq!((ports.front_door, ports.of(BACKEND)[0].app), (8000, 9100));
    }

    #[test]
    fn an_added_replica_takes_the_next_ports_and_a_removed_one_gives_its_back() {
        let app = |ports: &Ports| ports.of(BACKEND).iter().map(|pair| pair.app).collect::<Vec<_>>();
        for mut ports in
            [Ports::fixed(&Replicas::default(), 8000), Ports::free(&Replicas::default()).unwrap()]
        {
            let first = app(&ports);
            ports.resize(&APPS[0], 3).unwrap();
            let three = app(&ports);
            assert_eq!((three.len(), &three[..1]), (3, &first[..]));
            ports.resize(&APPS[0], 2).unwrap();
            assert_eq!(app(&ports), three[..2]);
        }
    }

    #[test]
    fn a_taken_port_is_reported_with_its_purpose_and_holder() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut ports = Ports::free(&Replicas::default()).unwrap();
        ports.redis = listener.local_addr().unwrap().port();
        let error = ports.ensure_free().unwrap_err().to_string();
        assert!(error.contains(&format!("port {} (Redis) is taken by", ports.redis)), "{error}");
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
    }
}
