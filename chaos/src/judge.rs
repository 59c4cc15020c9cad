//! Has the independent checker judge a run, as a program of its own.

use std::path::Path;

use anyhow::{Context, Result};
use tokio::process::Command;
use xtask::{Profile, workspace};

/// The package and the program in it.
const CHECKER: (&str, &str) = ("checker", "almanac-checker");

pub(crate) async fn build(profile: Profile) -> Result<()> {
    let (package, program) = CHECKER;
    workspace::build_program(profile, package, program).await
}

/// Whether the checker found everything kept; it prints its report and leaves it in `output`.
pub(crate) async fn judge(log: &Path, database_url: &str, profile: Profile, output: &Path) -> Result<bool> {
    let (_, program) = CHECKER;
    let mut checker = Command::new(workspace::binary(profile, program));
    checker
        .env("DATABASE_URL", database_url)
        .arg("--log")
        .arg(log)
        .arg("--output")
        .arg(output)
        .kill_on_drop(true);
    let status = checker.status().await.with_context(|| format!("cannot run {program}"))?;
    Ok(status.success())
}
