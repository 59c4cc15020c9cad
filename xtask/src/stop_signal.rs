//! The wish that this process stops: Ctrl-C at the terminal, its being closed, or `cargo xtask down`.

use anyhow::Result;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGINT, SIGHUP or SIGTERM.
pub struct StopSignal {
    interrupt: Signal,
    hangup: Signal,
    terminate: Signal,
}

impl StopSignal {
    pub fn listen() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    pub async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.hangup.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
