//! `cargo xtask status`: what runs, where, since when, and how many actors live on which replica.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Result;
use serde_json::json;
use xtask::{Activations, StateDir};

use super::up;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Print the state as JSON
    #[arg(long)]
    json: bool,
}

/// Succeeds if the system runs.
pub(crate) async fn run(directory: &StateDir, options: Options) -> Result<ExitCode> {
    let state = up::running(directory)?;
    let activations = match &state {
        Some(state) => Activations::of(&state.ports).await,
        None => Vec::new(),
    };
    let mut out = io::stdout();
    if options.json {
        let running = state.is_some();
        let logs = directory.logs();
        let report = json!({ "running": running, "logs": logs, "state": state, "activations": activations });
        writeln!(out, "{report:#}")?;
    } else if let Some(state) = &state {
        let (parts, activations) = (state.table(), Activations::table(&activations));
        writeln!(out, "{parts}\n\n{activations}\n\nlogs: {}", directory.logs().display())?;
    } else {
        writeln!(out, "Almanac is not running")?;
    }
    Ok(if state.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
