//! What the supervisor reports: to the console if there is one, to `supervisor.log`, and, for what runs,
//! to the state file.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use serde_json::json;

use crate::{
    clock,
    log::Log,
    ports::Ports,
    state_dir::StateDir,
    state_file::{PartState, StateFile, SystemPhase},
    workspace::Profile,
};

#[derive(Clone)]
pub struct Journal(Arc<Inner>);

struct Inner {
    console: bool,
    log: Log,
    logs: PathBuf,
    state: Option<(PathBuf, Mutex<StateFile>)>,
}

impl Journal {
    /// Logs into the state directory; `console` says everything on standard error too.
    pub fn open(directory: &StateDir, console: bool) -> Result<Self> {
        let log = Log::open(&directory.logs(), "supervisor")?;
        Ok(Self(Arc::new(Inner { console, log, logs: directory.logs(), state: None })))
    }

    /// The same, keeping the state file of a whole system.
    pub(crate) fn keeping_state(
        directory: &StateDir,
        console: bool,
        profile: Profile,
        ports: &Ports,
    ) -> Result<Self> {
        let log = Log::open(&directory.logs(), "supervisor")?;
        let state = StateFile::new(profile, ports.clone())?;
        state.save(&directory.state_file())?;
        let state = Some((directory.state_file(), Mutex::new(state)));
        Ok(Self(Arc::new(Inner { console, log, logs: directory.logs(), state })))
    }

    pub(crate) fn log_of(&self, part: &str) -> std::io::Result<Log> {
        Log::open(&self.0.logs, part)
    }

    pub(crate) fn say(&self, part: &str, message: impl AsRef<str>) {
        self.report("info", part, message.as_ref());
    }

    pub(crate) fn warn(&self, part: &str, message: impl AsRef<str>) {
        self.report("warn", part, message.as_ref());
    }

    pub(crate) fn error(&self, part: &str, message: impl AsRef<str>) {
        self.report("error", part, message.as_ref());
    }

    fn report(&self, level: &str, part: &str, message: &str) {
        let time = clock::timestamp();
        self.0
            .log
            .line(&json!({ "time": time, "level": level, "part": part, "message": message }).to_string());
        if self.0.console {
            eprintln!("{part:>28}  {message}");
        }
    }

    pub(crate) fn set_part(&self, part: PartState) {
        self.change(|state| state.set(part));
    }

    pub(crate) fn forget_part(&self, part: &str) {
        self.change(|state| state.forget(part));
    }

    pub(crate) fn set_ports(&self, ports: &Ports) {
        self.change(|state| state.ports = ports.clone());
    }

    pub(crate) fn set_phase(&self, phase: SystemPhase) {
        self.change(|state| state.phase = phase);
    }

    fn change(&self, change: impl FnOnce(&mut StateFile)) {
        let Some((path, state)) = &self.0.state else { return };
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        if let Err(error) = state.save(path) {
            self.warn("supervisor", format!("cannot write {}: {error}", path.display()));
        }
    }
}
