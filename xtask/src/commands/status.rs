//! `cargo xtask status`: what runs, where, since when.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Result;
use serde_json::json;
use xtask::StateDir;

use super::up;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Print the state as JSON
    #[arg(long)]
    json: bool,
}

/// Succeeds if the system runs.
pub(crate) fn run(directory: &StateDir, options: Options) -> Result<ExitCode> {
    let state = up::running(directory)?;
    let mut out = io::stdout();
    if options.json {
        let running = state.is_some();
        let logs = directory.logs();
        writeln!(out, "{:#}", json!({ "running": running, "logs": logs, "state": state }))?;
    } else if let Some(state) = &state {
        writeln!(out, "{}\n\nlogs: {}", state.table(), directory.logs().display())?;
    } else {
        writeln!(out, "Almanac is not running")?;
    }
    Ok(if state.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
