//! `cargo xtask restore`: sets everything back to a backup, while nothing runs.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Result, ensure};
use chrono::SecondsFormat;
use xtask::{Journal, Profile, StateDir, packages, restore, workspace};

use super::{down, up};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// What `cargo xtask backup` wrote
    file: PathBuf,
}

pub(crate) async fn run(directory: &StateDir, options: Options) -> Result<ExitCode> {
    ensure!(up::running(directory)?.is_none(), "Almanac is running; stop it with `cargo xtask down` first");
    let file = std::path::absolute(options.file)?;
    ensure!(file.is_file(), "there is no file {}", file.display());
    packages::ensure_installed().await?;
    workspace::build_services(Profile::Dev).await?;
    // A process that was left behind must not commit into the copy what it remembers of the replaced database.
    down::end_leftovers(directory).await?;
    let _held = directory.lock()?;
    let journal = Journal::open(directory, true)?;
    let restored = restore(directory, &file, Profile::Dev, &journal).await?;
    let age = restored.taken_at.map_or_else(
        || "of an unknown time".to_owned(),
        |at| format!("of {}", at.to_rfc3339_opts(SecondsFormat::Secs, true)),
    );
    eprintln!(
        "Almanac is set back to a copy {age}. The replaced database is kept as almanac_replaced until the next \
         restore. `cargo xtask up` starts everything."
    );
    Ok(ExitCode::SUCCESS)
}
