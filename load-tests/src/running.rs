//! The system that is measured, by the state file its supervisor keeps: where it is reached, and its processes.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};
use serde::Deserialize;

const BACKEND: &str = "todo-backend";
const ACTORS: &str = "todo-actors";

/// What of the state file matters here.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Running {
    parts: Vec<Part>,
    ports: Ports,
}

#[derive(Clone, Debug, Deserialize)]
struct Part {
    part: String,
    process: Option<Process>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Process {
    pid: u32,
}

#[derive(Clone, Debug, Deserialize)]
struct Ports {
    apps: BTreeMap<String, Vec<Pair>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Pair {
    app: u16,
    sidecar: Sidecar,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Sidecar {
    grpc: u16,
    metrics: u16,
}

impl Running {
    pub(crate) fn read(state_file: &Path) -> Result<Self> {
        let text = fs::read(state_file).with_context(|| format!("cannot read {}", state_file.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is not understood", state_file.display()))
    }

    /// Every part that runs, and its process.
    pub(crate) fn processes(&self) -> impl Iterator<Item = (&str, u32)> {
        self.parts.iter().filter_map(|part| Some((part.part.as_str(), part.process?.pid)))
    }

    /// The backends themselves: the front door, a part of the supervisor, is not measured.
    pub(crate) fn backends(&self) -> Vec<String> {
        self.pairs(BACKEND).map(|pair| local(pair.app)).collect()
    }

    pub(crate) fn backend_sidecar(&self) -> Result<String> {
        Ok(local(self.pairs(BACKEND).next().context("there is no backend")?.sidecar.grpc))
    }

    /// Reminders can be set only where their actors' type is hosted.
    pub(crate) fn actor_sidecar(&self) -> Result<String> {
        Ok(local(self.pairs(ACTORS).next().context("there is no host of tasks")?.sidecar.grpc))
    }

    /// The hosts of tasks, and their sidecars' metrics.
    pub(crate) fn actor_hosts(&self) -> Vec<String> {
        self.pairs(ACTORS).map(|pair| local(pair.app)).collect()
    }

    pub(crate) fn actor_sidecar_metrics(&self) -> Vec<String> {
        self.pairs(ACTORS).map(|pair| format!("{}/metrics", local(pair.sidecar.metrics))).collect()
    }

    /// How many replicas each app has, where it is not one.
    pub(crate) fn setup(&self) -> String {
        let several = self.ports.apps.iter().filter(|(_, pairs)| pairs.len() > 1);
        let several: Vec<_> = several.map(|(app, pairs)| format!("{app}={}", pairs.len())).collect();
        if several.is_empty() { "one replica of each app".to_owned() } else { several.join(", ") }
    }

    fn pairs(&self, app: &str) -> impl Iterator<Item = &Pair> {
        self.ports.apps.get(app).into_iter().flatten()
    }
}

fn local(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}
