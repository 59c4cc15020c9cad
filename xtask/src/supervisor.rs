//! Keeps one program running: starts it, logs its output, starts it again when it ends, stops it.

mod keeper;
mod outage;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::Signal;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{
    journal::Journal,
    log::Log,
    process::{ProcessId, Program},
    readiness::{POLL, Readiness},
    state_file::{PartPhase, PartState},
};
use keeper::Keeper;
pub use outage::Outage;

/// A part that ends this often before it is ready will not become so.
const MOST_FAILED_STARTS: u32 = 5;

/// A supervised program. Dropping it kills the process; [`Part::stop`] ends it in order.
pub struct Part {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

struct Shared {
    program: Program,
    journal: Journal,
    log: Log,
    state: watch::Sender<PartState>,
    /// Whether it is to be down.
    held: watch::Sender<bool>,
    /// Why it was not ready when last asked.
    not_ready: Mutex<String>,
}

impl Part {
    /// Starts the program and keeps it running.
    pub fn launch(program: Program, readiness: Readiness, journal: &Journal) -> Result<Self> {
        let state = PartState {
            part: program.part.clone(),
            phase: PartPhase::Starting,
            process: None,
            ports: program.ports.clone(),
            restarts: 0,
            failed_starts: 0,
            since: None,
            stop_signal: program.stop_signal as i32,
        };
        let log = journal.log_of(&program.part)?;
        let (journal, state, not_ready) = (journal.clone(), watch::Sender::new(state), Mutex::default());
        let held = watch::Sender::new(false);
        let shared = Arc::new(Shared { program, journal, log, state, held, not_ready });
        shared.update(|_| ());
        let (stop, stopping) = watch::channel(false);
        let keeper = Keeper::new(shared.clone(), readiness, stopping);
        Ok(Self { shared, stop, task: tokio::spawn(keeper.run()) })
    }

    /// Starts the program and waits until it is ready; if it does not become so within `limit`, it is stopped.
    pub(crate) async fn launch_ready(
        program: Program,
        readiness: Readiness,
        journal: &Journal,
        limit: Duration,
    ) -> Result<Self> {
        let part = Self::launch(program, readiness, journal)?;
        match part.ready(limit).await {
            Ok(()) => Ok(part),
            Err(error) => {
                part.stop().await;
                Err(error)
            }
        }
    }

    pub fn name(&self) -> &str {
        &self.shared.program.part
    }

    /// The process that runs now, if one does.
    pub fn process(&self) -> Option<ProcessId> {
        self.shared.state.borrow().alive()
    }

    /// How often it was started again.
    pub fn restarts(&self) -> u32 {
        self.shared.state.borrow().restarts
    }

    /// How far it is.
    pub fn phase(&self) -> PartPhase {
        self.shared.state.borrow().phase
    }

    /// Kills it, as a crash would, and keeps it down until [`Part::resume`].
    pub async fn hold_down(&self) -> Result<()> {
        let mut state = self.shared.state.subscribe();
        self.shared.held.send_replace(true);
        let down = state.wait_for(|state| state.phase == PartPhase::Stopped);
        timeout(Duration::from_secs(5), down).await.context("it does not end")?.context("stopped")?;
        Ok(())
    }

    /// Starts what was held down; [`Part::ready`] waits for it.
    pub fn resume(&self) {
        self.shared.held.send_replace(false);
    }

    /// Sends SIGKILL, as a crash would; the supervisor starts it again.
    pub async fn kill(&self) -> Result<()> {
        let process = self.process().with_context(|| format!("{} is not running", self.name()))?;
        let mut state = self.shared.state.subscribe();
        process.signal(Signal::SIGKILL);
        let noticed = state.wait_for(|state| state.process != Some(process));
        timeout(Duration::from_secs(5), noticed)
            .await
            .context("the kill was not noticed")?
            .context("stopped")?;
        Ok(())
    }

    /// Stops it without ending it (SIGSTOP), as a machine would that stalls, until [`Part::thaw`]; returns when it
    /// stands still. It can be killed and stopped all the same, and what is started then is not frozen.
    pub async fn freeze(&self) -> Result<()> {
        let process = self.process().with_context(|| format!("{} is not running", self.name()))?;
        process.signal(Signal::SIGSTOP);
        let still = async {
            while !process.is_frozen() {
                ensure!(process.is_alive(), "it ended");
                sleep(POLL).await;
            }
            Ok(())
        };
        timeout(Duration::from_secs(5), still).await.context("it does not stand still")??;
        self.shared.journal.say(self.name(), "frozen");
        Ok(())
    }

    /// Lets a frozen one go on.
    pub fn thaw(&self) {
        if let Some(process) = self.process() {
            process.signal(Signal::SIGCONT);
            self.shared.journal.say(self.name(), "thawed");
        }
    }

    /// Waits until the part is ready. Fails when it keeps ending, or after `limit`.
    pub async fn ready(&self, limit: Duration) -> Result<()> {
        let mut state = self.shared.state.subscribe();
        let settled = state
            .wait_for(|state| state.phase == PartPhase::Ready || state.failed_starts >= MOST_FAILED_STARTS);
        match timeout(limit, settled).await {
            Ok(Ok(state)) if state.phase == PartPhase::Ready => Ok(()),
            Ok(_) => bail!(
                "{} ended {MOST_FAILED_STARTS} times before it was ready; {}",
                self.name(),
                self.shared.log.end()
            ),
            Err(_) => bail!(
                "{} is not ready after {} s: {}; {}",
                self.name(),
                limit.as_secs(),
                self.shared.not_ready.lock().unwrap_or_else(PoisonError::into_inner),
                self.shared.log.end()
            ),
        }
    }

    /// Asks it to end, waits for that, and after its limit kills it.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // The keeper ends by itself and cannot fail.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(process) = self.process() {
            process.signal(Signal::SIGKILL);
        }
        self.task.abort();
    }
}

impl Shared {
    fn update(&self, change: impl FnOnce(&mut PartState)) {
        self.state.send_modify(change);
        self.journal.set_part(self.state.borrow().clone());
    }
}

#[cfg(test)]
mod tests;
