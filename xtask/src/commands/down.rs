//! `cargo xtask down`: stops everything and leaves no process.

use std::{process::ExitCode, time::Duration};

use anyhow::{Result, ensure};
use nix::sys::signal::Signal;
use xtask::{STOP_LIMIT, StateDir, StateFile};

use super::up;

/// The supervisor stops the parts in order, each within its own limit.
const LIMIT: Duration = Duration::from_secs(90);

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Remove all data, too
    #[arg(long)]
    wipe: bool,
}

pub(crate) async fn run(directory: &StateDir, options: Options) -> Result<ExitCode> {
    match up::running(directory)? {
        Some(state) => {
            eprintln!("Stopping everything");
            state.supervisor.end(Signal::SIGTERM, LIMIT).await;
        }
        None => eprintln!("Almanac is not running"),
    }
    end_leftovers(directory).await?;
    if options.wipe {
        directory.wipe()?;
        eprintln!("All data in {} is removed", directory.path().display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Ends what a supervisor that was killed may have left behind.
pub(crate) async fn end_leftovers(directory: &StateDir) -> Result<()> {
    let Some(state) = StateFile::load(&directory.state_file())? else { return Ok(()) };
    for part in state.parts.iter().rev() {
        if let Some(process) = part.alive() {
            eprintln!("Ending {} (process {}), left behind", part.part, process.pid);
            process.end(part.stop_signal()?, STOP_LIMIT).await;
            ensure!(!process.is_alive(), "process {} does not end", process.pid);
        }
    }
    directory.forget_state()
}
