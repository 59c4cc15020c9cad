//! A Redis instance of our own: the broker on one machine.

use std::{fs, time::Duration};

use anyhow::Result;

use crate::{
    journal::Journal, packages, process::Program, readiness::Readiness, state_dir::StateDir, supervisor::Part,
};

/// A running instance.
pub struct Redis(Part);

impl Redis {
    /// Starts it with its data in the state directory.
    pub async fn start(directory: &StateDir, port: u16, journal: &Journal) -> Result<Self> {
        let data = directory.path().join("redis");
        fs::create_dir_all(&data)?;
        let settings = [
            ("--port", port.to_string()),
            ("--bind", "127.0.0.1".into()),
            ("--daemonize", "no".into()),
            ("--save", String::new()),
            // The outbox forgets an event once Redis has accepted it, so accepting must mean: on disk.
            ("--appendonly", "yes".into()),
            ("--appendfsync", "always".into()),
            ("--maxmemory-policy", "noeviction".into()),
        ];
        let program = Program::new("redis", packages::redis_server()?)
            .args(settings.into_iter().flat_map(|(name, value)| [name.to_owned(), value]))
            .arg("--dir")
            .arg(data)
            .ports([port]);
        let part = Part::launch(program, Readiness::redis(port), journal)?;
        part.ready(Duration::from_secs(60)).await?;
        Ok(Self(part))
    }

    pub fn part(&self) -> &Part {
        &self.0
    }

    pub async fn stop(self) {
        self.0.stop().await;
    }
}
