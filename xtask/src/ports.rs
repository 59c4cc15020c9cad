//! Which port is for what: the fixed table of `cargo xtask up`, and free ones for tests.
//!
//! All of them lie below 32768, where Linux starts to hand out ports to outgoing connections.

mod blocks;
mod control_plane;

use std::{collections::BTreeMap, net::TcpListener};

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use crate::{
    apps::{APPS, App, BACKEND, Replicas},
    port_holder,
};
pub use blocks::free_port;
pub use control_plane::{ControlPlanePorts, Members, PlacementPorts, SchedulerPorts};

/// Every port of a running system.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ports {
    pub postgres: u16,
    pub redis: u16,
    pub smtp: u16,
    pub mailpit: u16,
    pub control_plane: ControlPlanePorts,
    /// By app-id, one entry a replica.
    pub apps: BTreeMap<String, Vec<PairPorts>>,
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
    /// The table of `cargo xtask up`; the first backend listens on `backend`.
    pub fn fixed(replicas: &Replicas, backend: u16) -> Self {
        let pair = |app: u16, replica: u16| {
            let first = FIRST_APP_PORT + (app * Replicas::MOST + replica) * PORTS_OF_A_PAIR;
            let [http, grpc, internal, metrics] = [first + 1, first + 2, first + 3, first + 4];
            PairPorts { app: first, sidecar: SidecarPorts { http, grpc, internal, metrics } }
        };
        let pairs = |(index, app): (u16, &App)| {
            let pairs = (0..replicas.of(app.id)).map(|replica| pair(index, replica)).collect();
            (app.id.to_owned(), pairs)
        };
        let mut apps: BTreeMap<String, Vec<PairPorts>> = (0..).zip(APPS).map(pairs).collect();
        if let Some(pair) = apps.get_mut(BACKEND).and_then(|pairs| pairs.first_mut()) {
            pair.app = backend;
        }
        let control_plane = ControlPlanePorts::fixed(Members::One);
        Self { postgres: 5442, redis: 6389, smtp: 1025, mailpit: 8025, control_plane, apps }
    }

    /// Ports that are free right now.
    pub fn free(replicas: &Replicas) -> Result<Self> {
        let pair = || Ok(PairPorts { app: free_port()?, sidecar: SidecarPorts::free()? });
        let pairs = |app: &App| (0..replicas.of(app.id)).map(|_| pair()).collect::<Result<_>>();
        Ok(Self {
            postgres: free_port()?,
            redis: free_port()?,
            smtp: free_port()?,
            mailpit: free_port()?,
            control_plane: ControlPlanePorts::free(Members::One)?,
            apps: APPS.iter().map(|app| Ok((app.id.to_owned(), pairs(app)?))).collect::<Result<_>>()?,
        })
    }

    /// Each port with what it is for.
    pub fn named(&self) -> Vec<(String, u16)> {
        let mut all: Vec<(String, u16)> = [
            ("PostgreSQL", self.postgres),
            ("Redis", self.redis),
            ("mailpit SMTP", self.smtp),
            ("mailpit web page", self.mailpit),
        ]
        .map(|(purpose, port)| (purpose.to_owned(), port))
        .into();
        all.extend(self.control_plane.named());
        for (app, pairs) in &self.apps {
            for (replica, pair) in pairs.iter().enumerate() {
                let name = instance(app, replica as u16);
                all.push((name.clone(), pair.app));
                all.push((format!("{name} sidecar HTTP"), pair.sidecar.http));
                all.push((format!("{name} sidecar gRPC"), pair.sidecar.grpc));
                all.push((format!("{name} sidecar internal gRPC"), pair.sidecar.internal));
                all.push((format!("{name} sidecar metrics"), pair.sidecar.metrics));
            }
        }
        all
    }

    /// Fails with every port that is taken, what it is for and who holds it.
    pub fn ensure_free(&self) -> Result<()> {
        let taken: Vec<String> = self
            .named()
            .into_iter()
            .filter(|(_, port)| !is_free(*port))
            .map(|(purpose, port)| match port_holder::of(port) {
                Some(holder) => format!("port {port} ({purpose}) is taken by {holder}"),
                None => format!("port {port} ({purpose}) is taken"),
            })
            .collect();
        if !taken.is_empty() {
            bail!("nothing was started:\n  {}", taken.join("\n  "));
        }
        Ok(())
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

fn is_free(port: u16) -> bool {
    // daprd and the control plane bind some ports on every interface.
    TcpListener::bind(("127.0.0.1", port)).is_ok() && TcpListener::bind(("0.0.0.0", port)).is_ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

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
        let [first, second] = ports.apps["todo-actors"][..] else { panic!("two replicas") };
        assert_eq!((first.app, first.sidecar.http, second.app), (9150, 9151, 9155));
        assert_eq!(ports.apps[BACKEND][0].app, 8000);
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
