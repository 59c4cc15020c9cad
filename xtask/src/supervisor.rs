//! Keeps one program running: starts it, logs its output, starts it again when it ends, stops it.

use std::{
    process::ExitStatus,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;
use tokio::{
    process::Child,
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use crate::{
    clock,
    journal::Journal,
    log::Log,
    process::{ProcessId, Program},
    readiness::{POLL, Readiness},
    state_file::{PartPhase, PartState},
};

const FIRST_DELAY: Duration = Duration::from_millis(200);
const LONGEST_DELAY: Duration = Duration::from_secs(5);
/// After running this long, a crash is a new one and not the last one's repetition.
const STEADY: Duration = Duration::from_secs(30);
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
            since: None,
            stop_signal: program.stop_signal as i32,
        };
        let log = journal.log_of(&program.part)?;
        let (journal, state, not_ready) = (journal.clone(), watch::Sender::new(state), Mutex::default());
        let shared = Arc::new(Shared { program, journal, log, state, not_ready });
        shared.update(|_| ());
        let (stop, stopping) = watch::channel(false);
        let keeper = Keeper { shared: shared.clone(), readiness, stopping };
        Ok(Self { shared, stop, task: tokio::spawn(keeper.run()) })
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

    /// Waits until the part is ready. Fails when it keeps ending, or after `limit`.
    pub async fn ready(&self, limit: Duration) -> Result<()> {
        let mut state = self.shared.state.subscribe();
        let settled =
            state.wait_for(|state| state.phase == PartPhase::Ready || state.restarts >= MOST_FAILED_STARTS);
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

/// The task behind a [`Part`].
struct Keeper {
    shared: Arc<Shared>,
    readiness: Readiness,
    stopping: watch::Receiver<bool>,
}

impl Keeper {
    async fn run(mut self) {
        let part = self.shared.program.part.clone();
        let mut delay = FIRST_DELAY;
        loop {
            let started = Instant::now();
            let reason = match self.shared.program.spawn().await {
                Err(error) => error.to_string(),
                Ok(mut child) => match self.watch(&mut child).await {
                    None => break self.end(child).await,
                    Some(status) => status.to_string(),
                },
            };
            if started.elapsed() > STEADY {
                delay = FIRST_DELAY;
            }
            self.shared.journal.warn(&part, format!("ended ({reason}), starting it again in {delay:?}"));
            self.shared.update(|state| {
                (state.phase, state.process, state.since) = (PartPhase::Restarting, None, None);
                state.restarts += 1;
            });
            if timeout(delay, self.stopping.wait_for(|stop| *stop)).await.is_ok() {
                break;
            }
            delay = (delay * 2).min(LONGEST_DELAY);
        }
        self.shared.update(|state| {
            (state.phase, state.process, state.since) = (PartPhase::Stopped, None, None);
        });
    }

    /// Waits for the process to end; none when told to stop first.
    async fn watch(&mut self, child: &mut Child) -> Option<ExitStatus> {
        if let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) {
            tokio::spawn(self.shared.log.clone().copy(out));
            tokio::spawn(self.shared.log.clone().copy(err));
        }
        self.shared.update(|state| {
            state.phase = PartPhase::Starting;
            state.process = child.id().and_then(ProcessId::of);
            state.since = Some(clock::now());
        });
        tokio::select! {
            status = child.wait() => Some(status.unwrap_or_default()),
            _ = self.stopping.wait_for(|stop| *stop) => None,
            never = report_readiness(&self.shared, &self.readiness) => never,
        }
    }

    async fn end(&self, mut child: Child) {
        let Shared { program, journal, .. } = &*self.shared;
        if let Some(process) = child.id().and_then(ProcessId::of) {
            process.signal(program.stop_signal);
        }
        if timeout(program.stop_limit, child.wait()).await.is_err() {
            journal.warn(&program.part, "does not end when asked, killing it");
            // It cannot fail for a child that has not been waited for.
            let _ = child.kill().await;
        }
    }
}

/// Asks until the part is ready, reports that, and waits for ever.
async fn report_readiness<T>(shared: &Shared, readiness: &Readiness) -> T {
    let started = Instant::now();
    while let Err(error) = readiness.ask().await {
        *shared.not_ready.lock().unwrap_or_else(PoisonError::into_inner) = format!("{error:#}");
        sleep(POLL).await;
    }
    let took = started.elapsed().as_secs_f32();
    let again = if shared.state.borrow().restarts > 0 { " again" } else { "" };
    shared.journal.say(&shared.program.part, format!("ready{again} after {took:.1} s"));
    shared.update(|state| state.phase = PartPhase::Ready);
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state_dir::StateDir;

    fn journal(directory: &tempfile::TempDir) -> Journal {
        let directory = StateDir::resolve(Some(directory.path())).unwrap();
        directory.create().unwrap();
        Journal::open(&directory, false).unwrap()
    }

    fn at_once() -> Readiness {
        Readiness::new(|| async { Ok(()) })
    }

    #[tokio::test]
    async fn a_killed_part_runs_again_as_another_process() {
        let directory = tempfile::tempdir().unwrap();
        let program = Program::new("sleeper", "sleep").arg("60");
        let part = Part::launch(program, at_once(), &journal(&directory)).unwrap();
        part.ready(Duration::from_secs(5)).await.unwrap();
        let first = part.process().unwrap();
        part.kill().await.unwrap();
        part.ready(Duration::from_secs(5)).await.unwrap();
        let second = part.process().unwrap();
        assert_ne!(first, second);
        assert_eq!(part.restarts(), 1);
        part.stop().await;
        assert!(!second.is_alive());
    }

    #[tokio::test]
    async fn a_part_that_keeps_ending_is_given_up() {
        let directory = tempfile::tempdir().unwrap();
        let never = Readiness::new(|| async { bail!("not yet") });
        let part = Part::launch(Program::new("failing", "false"), never, &journal(&directory)).unwrap();
        let error = part.ready(Duration::from_secs(20)).await.unwrap_err().to_string();
        assert!(error.contains("ended 5 times"), "{error}");
    }

    #[tokio::test]
    async fn a_part_that_ignores_the_request_is_killed() {
        let directory = tempfile::tempdir().unwrap();
        let mut program = Program::new("deaf", "sh").args(["-c", "trap '' TERM; while :; do sleep 1; done"]);
        program.stop_limit = Duration::from_millis(300);
        let part = Part::launch(program, at_once(), &journal(&directory)).unwrap();
        part.ready(Duration::from_secs(5)).await.unwrap();
        let process = part.process().unwrap();
        part.stop().await;
        assert!(!process.is_alive());
    }
}
