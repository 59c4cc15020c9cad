//! `cargo xtask backup`: copies the whole database into a file, while everything runs.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, ensure};
use xtask::{Cluster, StateDir, back_up};

use super::up;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where to write it
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

pub(crate) async fn run(directory: &StateDir, options: Options) -> Result<ExitCode> {
    let state = up::running(directory)?.context("Almanac is not running; start it with `cargo xtask up`")?;
    let file = std::path::absolute(options.output)?;
    ensure!(!file.exists(), "{} exists already", file.display());
    back_up(&Cluster::of_running(directory, state.ports.postgres)?, &file).await?;
    eprintln!("{} holds everything but the secrets ({} bytes)", file.display(), fs::metadata(&file)?.len());
    Ok(ExitCode::SUCCESS)
}
