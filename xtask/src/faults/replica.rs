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

use super::{Flow, Link, SkewedClock, faketime};
use crate::{
    apps::{APPS, App, Replicas},
    ports::instance,
    state_dir::StateDir,
};

/// What can be broken of one replica.
pub struct ReplicaFaults {
    database: Link,
    broker: Link,
    placement: Link,
    inbound: Link,
    clock: Option<SkewedClock>,
}

/// Where a replica's links lead to.
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) database: u16,
    pub(crate) broker: u16,
    pub(crate) placement: u16,
    /// The internal port of its own sidecar.
    pub(crate) internal: u16,
}

impl ReplicaFaults {
    /// Opens the links of a replica, all whole; its clock is right.
    pub(crate) async fn open(directory: &StateDir, app: &App, number: u16, ends: Ends) -> Result<Self> {
        let to = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let inside = async |port| Link::open(to(0), to(port)).await;
        let announced = SocketAddr::from((loopback_of(app, number), ends.internal));
        let offset = directory.path().join(format!("clock-of-{}", instance(app.id, number)));
        Ok(Self {
            database: inside(ends.database).await?,
            broker: inside(ends.broker).await?,
            placement: inside(ends.placement).await?,
            inbound: Link::open(announced, to(ends.internal)).await?,
            clock: faketime().map(|library| SkewedClock::new(&library, offset)).transpose()?,
        })
    }

    /// From the app to PostgreSQL.
    pub fn database(&self) -> &Link {
        &self.database
    }

    /// From the sidecar to the broker.
    pub fn broker(&self) -> &Link {
        &self.broker
    }

    /// From the sidecar to placement.
    pub fn placement(&self) -> &Link {
        &self.placement
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
        for link in [&self.database, &self.broker, &self.placement, &self.inbound] {
            link.set(flow);
        }
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
