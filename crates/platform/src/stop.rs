//! The request to stop, as every part of a process waits for it.

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// Told once, heard by all clones. Workers `select!` on [`Stop::requested`].
#[derive(Debug, Clone)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stop {
    /// Asks all to stop.
    pub fn request(&self) {
        self.0.send_replace(true);
    }

    /// Whether somebody asked.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until somebody asks. The future owns what it needs.
    pub fn requested(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stopping = self.0.subscribe();
        let keep_open = self.0.clone();
        async move {
            // Cannot fail while a sender lives, and this future holds one.
            let _ = stopping.wait_for(|stop| *stop).await;
            drop(keep_open);
        }
    }

    /// Asks to stop when the process gets SIGTERM or SIGINT.
    pub(crate) fn on_signal(&self) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let stop = self.clone();
        tokio::spawn(async move {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            tracing::info!(signal = name, "stopping");
            stop.request();
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_clones_hear_it_also_those_that_ask_later() {
        let stop = Stop::default();
        let early = stop.clone().requested();
        assert!(!stop.is_requested());
        stop.request();
        early.await;
        stop.requested().await;
        assert!(stop.is_requested());
    }
}
