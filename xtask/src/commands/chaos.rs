//! `cargo xtask chaos`: people work while things break, on a system of its own; then a checker judges.

use std::{ffi::OsString, process::ExitCode};

use anyhow::{Context, Result};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::process::Command;
use xtask::{Profile, StateDir, StopSignal, packages, workspace};

/// The package and the program in it that does it.
const PROGRAM: (&str, &str) = ("chaos", "almanac-chaos");

/// All is the program's, its help too.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    arguments: Vec<OsString>,
}

pub(crate) async fn run(directory: &StateDir, options: Options) -> Result<ExitCode> {
    let mut stop = StopSignal::listen()?;
    let (package, program) = PROGRAM;
    workspace::build_program(Profile::Dev, package, program).await?;
    packages::install_faketime().await;
    StateDir::remove_abandoned()?;
    let mut chaos = Command::new(workspace::binary(Profile::Dev, program));
    chaos.args(options.arguments).arg("--output").arg(directory.path().join("chaos"));
    let mut chaos = chaos.spawn().with_context(|| format!("cannot run {program}"))?;
    let status = loop {
        let process = chaos.id();
        tokio::select! {
            status = chaos.wait() => break status?,
            // The terminal tells it, too, but others tell this process only. It stops what it has started.
            () = stop.received() => if let Some(process) = process {
                // It may just have ended.
                let _ = kill(Pid::from_raw(process as i32), Signal::SIGTERM);
            },
        }
    };
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
