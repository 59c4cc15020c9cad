//! The threads activations live on: one `actix` arbiter a core, beside the tokio runtime that
//! serves HTTP.

use std::{io, sync::Arc, sync::mpsc, thread};

use actix::{Arbiter, ArbiterHandle, System};

/// Starts an actix system on a thread of its own, with an arbiter for each core.
pub(crate) fn start() -> io::Result<(System, Arc<[ArbiterHandle]>)> {
    let cores = thread::available_parallelism().map_or(2, usize::from);
    let (ready, started) = mpsc::sync_channel(1);
    thread::Builder::new().name("actors".to_owned()).spawn(move || {
        let runner = System::new();
        let arbiters: Arc<[ArbiterHandle]> = (0..cores).map(|_| Arbiter::new().handle()).collect();
        if ready.send((System::current(), arbiters)).is_ok()
            && let Err(error) = runner.run()
        {
            tracing::error!(%error, "the actors' threads ended");
        }
    })?;
    started.recv().map_err(|_| io::Error::other("the actors' thread ended before it was ready"))
}
