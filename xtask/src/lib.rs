//! Sets up, runs and tests Almanac on one machine: what `cargo xtask` does, and what end-to-end tests stand on.
//!
//! [`Stack`] is the whole system; [`Postgres`], [`Redis`], [`Kafka`], [`ControlPlane`] and [`Sidecar`] are its parts, for a test
//! that hosts actors in its own process. Every part is a supervised [`Part`]: a [`Program`] that is started, logged,
//! asked for its [`Readiness`], started again when it ends, and gone when dropped. A part of a new kind is a file like
//! `redis.rs`: it names the program, says when it is ready and launches it.
//!
//! ```no_run
//! use xtask::{
//!     ControlPlane, ControlPlanePorts, Journal, Members, Sidecar, SidecarOptions, SidecarPorts, StateDir, Tools,
//! };
//!
//! # async fn example(app_port: u16) -> anyhow::Result<()> {
//! let (tools, directory) = (Tools::obtain().await?, StateDir::temporary("actors")?);
//! let journal = Journal::open(&directory, false)?;
//! let ports = ControlPlanePorts::free(Members::One)?;
//! let control_plane = ControlPlane::start(&tools, &directory, &ports, &journal).await?;
//! let options = SidecarOptions {
//!     part: "first".into(),
//!     app_id: "counter".into(),
//!     app_port,
//!     ports: SidecarPorts::free()?,
//!     actor_types: vec!["Counter".into()],
//!     resources: vec![],
//!     config: None,
//!     detour: None,
//! };
//! let sidecar = Sidecar::start(&tools, &control_plane, options, &journal).await?;
//! sidecar.part().kill().await?;
//! # Ok(()) }
//! ```

mod activations;
mod apps;
mod backup;
mod broker;
mod clock;
mod cluster;
mod components;
mod control_plane;
pub mod faults;
pub mod go;
mod journal;
pub mod k6;
mod kafka;
mod log;
mod mailpit;
mod migrations;
mod npm;
pub mod packages;
mod port_holder;
mod ports;
mod postgres;
mod process;
mod python;
mod readiness;
mod redis;
mod replica;
mod sidecar;
mod signing_keys;
mod stack;
mod state_dir;
mod state_file;
mod stop_signal;
mod supervisor;
mod table;
pub mod tools;
pub mod workspace;

pub use activations::Activations;
pub use apps::{APPS, App, BACKEND, Replicas};
pub use backup::{Restored, back_up, restore};
pub use broker::{BrokerLink, Pubsub};
pub use cluster::Cluster;
pub use control_plane::ControlPlane;
pub use journal::Journal;
pub use k6::K6;
pub use kafka::{Kafka, KafkaOptions, Topic};
pub use mailpit::Mailpit;
pub use ports::{
    ControlPlanePorts, KafkaPorts, Members, PairPorts, PlacementPorts, Ports, SchedulerPorts, SidecarPorts,
    free_port,
};
pub use postgres::{Durability, Postgres};
pub use process::{ProcessId, Program, STOP_LIMIT};
pub use python::Python;
pub use readiness::Readiness;
pub use redis::Redis;
pub use sidecar::{Detour, Sidecar, SidecarOptions};
pub use signing_keys::rotate_key;
pub use stack::{Process, Stack, StackOptions};
pub use state_dir::StateDir;
pub use state_file::{PartPhase, PartState, StateFile, SystemPhase};
pub use stop_signal::StopSignal;
pub use supervisor::{Outage, Part};
pub use tools::Tools;
pub use workspace::Profile;
