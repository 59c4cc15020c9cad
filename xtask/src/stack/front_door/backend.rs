//! A backend as the front door sees it: asked again and again whether it is ready.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use crate::{journal::Journal, readiness::http_status};

/// Between two questions.
const INTERVAL: Duration = Duration::from_millis(500);
/// One that does not even say that it lives, this often and for so long, is frozen or dead; a busy one is not.
const MISSES: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(4);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ready,
    /// It answers, but lacks something; its connections go on.
    NotReady,
    /// It does not answer.
    Lost,
}

/// Watched until it is dropped.
pub(super) struct Backend {
    pub(super) port: u16,
    state: watch::Receiver<State>,
}

/// How a backend is; outlives its removal from the front door, as its connections do.
#[derive(Clone)]
pub(super) struct Health(watch::Receiver<State>);

impl Backend {
    /// A backend that is ready now.
    pub(super) fn watch(port: u16, journal: Journal) -> Self {
        let (sender, state) = watch::channel(State::Ready);
        tokio::spawn(keep_asking(port, sender, journal));
        Self { port, state }
    }

    pub(super) fn health(&self) -> Health {
        Health(self.state.clone())
    }
}

impl Health {
    pub(super) fn is_ready(&self) -> bool {
        *self.0.borrow() == State::Ready
    }

    /// Waits until it does not answer any more.
    pub(super) async fn lost(&mut self) {
        if self.0.wait_for(|state| *state == State::Lost).await.is_err() {
            // Nobody asks any more.
            std::future::pending().await
        }
    }
}

/// Asks as long as anybody wants to know: the front door, or a connection.
async fn keep_asking(port: u16, state: watch::Sender<State>, journal: Journal) {
    let url = |path| format!("http://127.0.0.1:{port}{path}");
    let (mut misses, mut answered) = (0, Instant::now());
    loop {
        tokio::select! {
            () = sleep(INTERVAL) => {}
            () = state.closed() => return,
        }
        // What it depends on may keep the first question waiting. The second needs nothing but the process.
        let ready = http_status(&url("/health/ready")).await;
        let lives = ready.is_some() || http_status(&url("/health")).await.is_some();
        (misses, answered) = if lives { (0, Instant::now()) } else { (misses + 1, answered) };
        let now = match ready {
            Some(status) if status.is_success() => State::Ready,
            _ if misses >= MISSES && answered.elapsed() >= PATIENCE => State::Lost,
            _ => State::NotReady,
        };
        let changed = state.send_if_modified(|known| std::mem::replace(known, now) != now);
        if changed {
            journal.say("front-door", format!("the backend on port {port} is {}", word(now)));
        }
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Ready => "ready",
        State::NotReady => "not ready, and gets new clients only if none is",
        State::Lost => "lost; its clients are sent to others",
    }
}
