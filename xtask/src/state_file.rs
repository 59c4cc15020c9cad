//! What runs, written down: `state.json` in the state directory, which `status`, `logs` and `down` read.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use crate::{clock, ports::Ports, process::ProcessId, table, workspace::Profile};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StateFile {
    pub supervisor: ProcessId,
    pub phase: SystemPhase,
    pub started_at: DateTime<Utc>,
    /// What the services were built with; not said by older versions.
    #[serde(default)]
    pub profile: Profile,
    pub ports: Ports,
    /// In the order they were started.
    pub parts: Vec<PartState>,
}

/// How far the whole system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SystemPhase {
    Starting,
    Ready,
    Stopping,
}

/// One supervised process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PartState {
    pub part: String,
    pub phase: PartPhase,
    pub process: Option<ProcessId>,
    pub ports: Vec<u16>,
    pub restarts: u32,
    /// Since it was last ready.
    #[serde(skip)]
    pub(crate) failed_starts: u32,
    /// When the process that runs now was started.
    pub since: Option<DateTime<Utc>>,
    /// By number.
    pub(crate) stop_signal: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartPhase {
    Starting,
    Ready,
    /// It works, but not with all that belongs to it.
    Degraded,
    Restarting,
    Stopped,
}

impl StateFile {
    pub(crate) fn new(profile: Profile, ports: Ports) -> Result<Self> {
        let supervisor = ProcessId::of(std::process::id()).context("/proc is not readable")?;
        let (phase, started_at) = (SystemPhase::Starting, clock::now());
        Ok(Self { supervisor, phase, started_at, profile, ports, parts: Vec::new() })
    }

    /// What was written last, if anything.
    pub fn load(path: &Path) -> Result<Option<Self>> {
        match fs::read(path) {
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .with_context(|| format!("{} is not readable", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Replaces the file in one step, so that a reader never sees half of it.
    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        let draft = path.with_extension("json.new");
        fs::write(&draft, serde_json::to_vec_pretty(self)?)?;
        fs::rename(&draft, path)?;
        Ok(())
    }

    pub(crate) fn set(&mut self, part: PartState) {
        match self.parts.iter_mut().find(|known| known.part == part.part) {
            Some(known) => *known = part,
            None => self.parts.push(part),
        }
    }

    /// Removes a part that is not to come back.
    pub(crate) fn forget(&mut self, part: &str) {
        self.parts.retain(|known| known.part != part);
    }

    /// The table `status` prints.
    pub fn table(&self) -> String {
        let head = ["PART", "PID", "STATE", "RESTARTS", "UP", "PORTS"].map(str::to_owned).to_vec();
        let rows: Vec<_> = [head].into_iter().chain(self.parts.iter().map(PartState::row)).collect();
        table::columns(&rows)
    }
}

impl PartState {
    /// The signal that asks it to end.
    pub fn stop_signal(&self) -> Result<Signal> {
        Ok(Signal::try_from(self.stop_signal)?)
    }

    /// The process, if it lives.
    pub fn alive(&self) -> Option<ProcessId> {
        self.process.filter(|process| process.is_alive())
    }

    fn row(&self) -> Vec<String> {
        let alive = self.alive();
        let phase = match self.phase {
            PartPhase::Starting => "starting",
            PartPhase::Ready if alive.is_some() => "ready",
            PartPhase::Degraded if alive.is_some() => "degraded",
            PartPhase::Ready | PartPhase::Degraded => "gone",
            PartPhase::Restarting => "restarting",
            PartPhase::Stopped => "stopped",
        };
        let up = self.since.filter(|_| alive.is_some()).map(|since| (clock::now() - since).to_std());
        vec![
            self.part.clone(),
            alive.map_or("-".into(), |process| process.pid.to_string()),
            phase.into(),
            self.restarts.to_string(),
            up.map_or("-".into(), |up| short(up.unwrap_or_default())),
            self.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(" "),
        ]
    }
}

fn short(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..60 => format!("{seconds}s"),
        seconds @ ..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        seconds => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::Replicas;

    fn part(name: &str, restarts: u32) -> PartState {
        let process = ProcessId::of(std::process::id());
        let since = Some(clock::now());
        let (phase, ports) = (PartPhase::Ready, vec![5442]);
        let part = name.into();
        PartState { part, phase, process, ports, restarts, failed_starts: 0, since, stop_signal: 15 }
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.json");
        assert!(StateFile::load(&path).unwrap().is_none());
        let mut state = StateFile::new(Profile::Release, Ports::fixed(&Replicas::default(), 8000)).unwrap();
        state.set(part("redis", 0));
        state.set(part("redis", 2));
        state.set(part("todo-actors-2", 0));
        state.forget("todo-actors-2");
        state.save(&path).unwrap();
        let loaded = StateFile::load(&path).unwrap().unwrap();
        assert_eq!((loaded.supervisor, loaded.parts.len()), (state.supervisor, 1));
        assert_eq!(loaded.profile, Profile::Release);
        let table = loaded.table();
        assert!(table.starts_with("PART   PID"), "{table}");
        assert!(table.lines().nth(1).is_some_and(|row| row.starts_with("redis  ")), "{table}");
    }

    #[test]
    fn uptimes_are_short() {
        assert_eq!(
            [5, 65, 3700].map(|seconds| short(Duration::from_secs(seconds))),
            ["5s", "1m05s", "1h01m"]
        );
    }
}
