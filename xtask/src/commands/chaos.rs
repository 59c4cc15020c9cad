//! `cargo xtask chaos`: people work while things break, on a system of its own; then a checker judges.

use std::{ffi::OsString, process::ExitCode};

use anyhow::{Context, Result};
use tokio::process::Command;
use xtask::{Profile, StateDir, StopSignal, workspace};

/// The package and the program in it that does it.
const PROGRAM: (&str, &str) = ("chaos", "almanac-chaos");

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Passed on: --seed N --minutes M --pubsub redis|kafka --reminders N --faults-per-minute X --release; see --help
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    arguments: Vec<OsString>,
}

pub(crate) async fn run(directory: &StateDir, options: Options) -> Result<ExitCode> {
    let mut stop = StopSignal::listen()?;
    let (package, program) = PROGRAM;
    workspace::build_program(Profile::Dev, package, program).await?;
    StateDir::remove_abandoned()?;
    let output = directory.path().join("chaos");
    let mut chaos = Command::new(workspace::binary(Profile::Dev, program));
    chaos.args(options.arguments).arg("--output").arg(&output);
    let mut chaos = chaos.spawn().with_context(|| format!("cannot run {program}"))?;
    let status = loop {
        tokio::select! {
            status = chaos.wait() => break status?,
            // It hears of it too, and stops what it has started.
            () = stop.received() => {}
        }
    };
    eprintln!("The clients' log and the report are in {}", output.display());
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
