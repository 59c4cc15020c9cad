//! The ways of one replica to the rest, each through a link of its own, and its clock.
//!
//! ```text
//! app ──────▶ database link ──▶ PostgreSQL
//! sidecar ──▶ broker link ────▶ broker
//! sidecar ──▶ placement link ─▶ placement
//! others ───▶ inbound link ───▶ sidecar      at 127.0.0.N, which the sidecar announces as its address
//! ```

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use futures::future::try_join_all;

use super::{Flow, Link, SkewedClock, faketime};
use crate::{
    apps::{APPS, App, Replicas},
    ports::{PairPorts, instance},
    sidecar::Detour,
    stack::StackOptions,
};

/// What can be broken of one replica.
pub struct ReplicaFaults {
    database: Link,
    /// None for a replica that came later, where the broker must know all ways to it from its start.
    broker: Option<Link>,
    placements: Vec<Link>,
    inbound: Link,
    clock: Option<SkewedClock>,
}

impl ReplicaFaults {
    /// Opens the links of a replica, all whole; its clock is right.
    pub(crate) async fn open(
        options: &StackOptions,
        app: &App,
        number: u16,
        replica: PairPorts,
    ) -> Result<Self> {
        let StackOptions { directory, ports, broker_links, .. } = options;
        let name = instance(app.id, number);
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let broker = match broker_links.get(&name) {
            Some(link) => Some(Link::open(at(link.near), at(link.far)).await?),
            None => None,
        };
        let placements = ports.control_plane.placements.iter().map(|ports| Link::open(at(0), at(ports.api)));
        let internal = replica.sidecar.internal;
        let announced = SocketAddr::from((loopback_of(app, number), internal));
        let offset = directory.path().join(format!("clock-of-{name}"));
        Ok(Self {
            database: Link::open(at(0), at(ports.postgres)).await?,
            broker,
            placements: try_join_all(placements).await?,
            inbound: Link::open(announced, at(internal)).await?,
            clock: faketime().map(|library| SkewedClock::new(&library, offset)).transpose()?,
        })
    }

    /// The ways of its sidecar.
    pub(crate) fn detour(&self) -> Detour {
        let placements: Vec<_> = self.placements.iter().map(|link| link.address().to_string()).collect();
        Detour { announced: self.inbound.address().ip(), placements: placements.join(",") }
    }

    /// From the app to PostgreSQL.
    pub fn database(&self) -> &Link {
        &self.database
    }

    /// From the sidecar to the broker.
    pub fn broker(&self) -> Option<&Link> {
        self.broker.as_ref()
    }

    /// From the sidecar to each placement.
    pub fn placements(&self) -> &[Link] {
        &self.placements
    }

    /// From other sidecars to this one.
    pub fn inbound(&self) -> &Link {
        &self.inbound
    }

    /// The app's clock; none where libfaketime is not installed.
    pub fn clock(&self) -> Option<&SkewedClock> {
        self.clock.as_ref()
    }

    /// Cuts the replica off from everything but the scheduler, which daprd finds by itself, or joins it again.
    pub fn set_all(&self, flow: Flow) {
        let single = [&self.database, &self.inbound].into_iter().chain(&self.broker);
        single.chain(&self.placements).for_each(|link| link.set(flow));
    }
}

/// An address of this machine for one replica alone.
fn loopback_of(app: &App, number: u16) -> Ipv4Addr {
    let app = APPS.iter().position(|known| known.id == app.id).unwrap_or(APPS.len());
    let host = 2 + app * usize::from(Replicas::MOST) + usize::from(number);
    Ipv4Addr::new(127, 0, (host >> 8) as u8, (host & 0xff) as u8)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_replica_has_an_address_of_its_own() {
        let all: BTreeSet<_> =
            APPS.iter().flat_map(|app| (0..Replicas::MOST).map(|number| loopback_of(app, number))).collect();
        assert_eq!(all.len(), APPS.len() * usize::from(Replicas::MOST));
        assert!(!all.contains(&Ipv4Addr::LOCALHOST) && all.iter().all(Ipv4Addr::is_loopback));
    }
}
