//! The task behind a [`Part`](super::Part): from start to start, until told to stop.

use std::{
    process::ExitStatus,
    sync::{Arc, PoisonError},
    time::Duration,
};

use tokio::{
    process::Child,
    sync::watch,
    time::{Instant, sleep, timeout},
};

use super::Shared;
use crate::{
    clock,
    process::ProcessId,
    readiness::{Degraded, POLL, Readiness},
    state_file::PartPhase,
};

const FIRST_DELAY: Duration = Duration::from_millis(200);
const LONGEST_DELAY: Duration = Duration::from_secs(5);
/// After running this long, a crash is a new one and not the last one's repetition.
const STEADY: Duration = Duration::from_secs(30);
/// Between two looks at a part that runs without something.
const DEGRADED_POLL: Duration = Duration::from_millis(500);

pub(super) struct Keeper {
    shared: Arc<Shared>,
    readiness: Readiness,
    stopping: watch::Receiver<bool>,
    held: watch::Receiver<bool>,
}

impl Keeper {
    pub(super) fn new(shared: Arc<Shared>, readiness: Readiness, stopping: watch::Receiver<bool>) -> Self {
        let held = shared.held.subscribe();
        Self { shared, readiness, stopping, held }
    }

    pub(super) async fn run(mut self) {
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
                state.failed_starts += 1;
            });
            if self.is_stopped_within(delay).await {
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
            status = child.wait() => return Some(status.unwrap_or_default()),
            _ = self.stopping.wait_for(|stop| *stop) => return None,
            _ = self.held.wait_for(|held| *held) => {}
            never = report_readiness(&self.shared, &self.readiness) => return never,
        }
        // It cannot fail for a child that has not been waited for.
        let _ = child.kill().await;
        Some(child.wait().await.unwrap_or_default())
    }

    /// Lets `delay` pass, and all the time the part is held down; whether it was told to stop meanwhile.
    async fn is_stopped_within(&mut self, delay: Duration) -> bool {
        let Self { shared, stopping, held, .. } = self;
        let pause = async {
            // Who holds it down need not wait for a start that will not come.
            let _ = timeout(delay, held.wait_for(|held| *held)).await;
            if *held.borrow() {
                shared.journal.say(&shared.program.part, "held down");
                shared.update(|state| state.phase = PartPhase::Stopped);
                // Cannot fail: `shared` holds the sender.
                let _ = held.wait_for(|held| !held).await;
                shared.update(|state| state.failed_starts = 0);
            }
        };
        tokio::select! {
            () = pause => false,
            _ = stopping.wait_for(|stop| *stop) => true,
        }
    }

    async fn end(&self, mut child: Child) {
        let Shared { program, journal, .. } = &*self.shared;
        if let Some(process) = child.id().and_then(ProcessId::of) {
            process.ask_to_end(program.stop_signal);
        }
        if timeout(program.stop_limit, child.wait()).await.is_err() {
            journal.warn(&program.part, "does not end when asked, killing it");
            // It cannot fail for a child that has not been waited for.
            let _ = child.kill().await;
        }
    }
}

/// Asks until the part is ready, reports that and what it runs without until then, and waits for ever.
async fn report_readiness<T>(shared: &Shared, readiness: &Readiness) -> T {
    let started = Instant::now();
    let part = &shared.program.part;
    while let Err(error) = readiness.ask().await {
        let degraded = error.is::<Degraded>();
        if degraded && shared.state.borrow().phase != PartPhase::Degraded {
            shared.journal.warn(part, format!("runs, but {error}"));
            shared.update(|state| state.phase = PartPhase::Degraded);
        }
        *shared.not_ready.lock().unwrap_or_else(PoisonError::into_inner) = format!("{error:#}");
        sleep(if degraded { DEGRADED_POLL } else { POLL }).await;
    }
    let took = started.elapsed().as_secs_f32();
    let again = if shared.state.borrow().restarts > 0 { " again" } else { "" };
    shared.journal.say(part, format!("ready{again} after {took:.1} s"));
    shared.update(|state| (state.phase, state.failed_starts) = (PartPhase::Ready, 0));
    std::future::pending().await
}
