//! The ports of Dapr's control plane: one placement and one scheduler, or three of each.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{free_port, instance};

/// How many instances of placement and of the scheduler run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Members {
    /// Enough while nothing dies.
    #[default]
    One,
    /// Any one may die: the two that are left are a majority.
    Three,
}

/// One entry a member.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ControlPlanePorts {
    pub placements: Vec<PlacementPorts>,
    pub schedulers: Vec<SchedulerPorts>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct PlacementPorts {
    pub api: u16,
    pub raft: u16,
    pub healthz: u16,
    pub metrics: u16,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SchedulerPorts {
    pub api: u16,
    pub healthz: u16,
    pub metrics: u16,
    pub etcd_client: u16,
    pub etcd_peer: u16,
}

impl Members {
    fn numbers(self) -> std::ops::Range<u16> {
        match self {
            Self::One => 0..1,
            Self::Three => 0..3,
        }
    }
}

impl ControlPlanePorts {
    /// Those of `cargo xtask up`.
    pub fn fixed(members: Members) -> Self {
        let placement = |number: u16| {
            let api = 6050 + 20 * number;
            PlacementPorts { api, raft: api + 1, healthz: api + 2, metrics: api + 3 }
        };
        let scheduler = |number: u16| {
            let (api, etcd_client) = (6060 + 20 * number, 2389 + 10 * number);
            let etcd_peer = etcd_client + 1;
            SchedulerPorts { api, healthz: api + 1, metrics: api + 2, etcd_client, etcd_peer }
        };
        Self {
            placements: members.numbers().map(placement).collect(),
            schedulers: members.numbers().map(scheduler).collect(),
        }
    }

    /// Ports that are free right now.
    pub fn free(members: Members) -> Result<Self> {
        let placement = |_| {
            Ok(PlacementPorts {
                api: free_port()?,
                raft: free_port()?,
                healthz: free_port()?,
                metrics: free_port()?,
            })
        };
        let scheduler = |_| {
            Ok(SchedulerPorts {
                api: free_port()?,
                healthz: free_port()?,
                metrics: free_port()?,
                etcd_client: free_port()?,
                etcd_peer: free_port()?,
            })
        };
        Ok(Self {
            placements: members.numbers().map(placement).collect::<Result<_>>()?,
            schedulers: members.numbers().map(scheduler).collect::<Result<_>>()?,
        })
    }

    /// Each port with what it is for.
    pub(super) fn named(&self) -> impl Iterator<Item = (String, u16)> {
        let placements = (0..).zip(&self.placements).flat_map(|(number, ports)| {
            let PlacementPorts { api, raft, healthz, metrics } = *ports;
            let of = [("", api), (" raft", raft), (" healthz", healthz), (" metrics", metrics)];
            of.map(|(purpose, port)| (format!("{}{purpose}", instance("placement", number)), port))
        });
        let schedulers = (0..).zip(&self.schedulers).flat_map(|(number, ports)| {
            let SchedulerPorts { api, healthz, metrics, etcd_client, etcd_peer } = *ports;
            let of = [
                ("", api),
                (" healthz", healthz),
                (" metrics", metrics),
                (" etcd client", etcd_client),
                (" etcd peer", etcd_peer),
            ];
            of.map(|(purpose, port)| (format!("{}{purpose}", instance("scheduler", number)), port))
        });
        placements.chain(schedulers)
    }
}
