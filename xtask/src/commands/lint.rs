//! `cargo xtask lint`: format, lints, and what the dependencies bring in.

use std::{
    process::{ExitCode, Stdio},
    time::Duration,
};

use anyhow::{Result, ensure};
use tokio::{process::Command, time::timeout};
use xtask::workspace;

/// The database of advisories is small; where it does not come in this time it is taken to be out of reach.
const FETCH_LIMIT: Duration = Duration::from_secs(30);

pub(crate) async fn run() -> Result<ExitCode> {
    cargo(&["fmt", "--all", "--check"]).await?;
    cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]).await?;
    if !succeeds(&["deny", "--version"]).await {
        eprintln!("Dependencies are not checked: `cargo install --locked cargo-deny` adds that");
        return Ok(ExitCode::SUCCESS);
    }
    cargo(&["deny", "check", "bans", "licenses", "sources"]).await?;
    if timeout(FETCH_LIMIT, succeeds(&["deny", "fetch", "db"])).await.unwrap_or(false) {
        cargo(&["deny", "check", "advisories"]).await?;
    } else {
        eprintln!("Advisories are not checked: their database cannot be reached");
    }
    Ok(ExitCode::SUCCESS)
}

async fn cargo(args: &[&str]) -> Result<()> {
    eprintln!("cargo {}", args.join(" "));
    let status = command(args).status().await?;
    ensure!(status.success(), "cargo {} failed", args.join(" "));
    Ok(())
}

/// Whether it ends well; what it says is not shown.
async fn succeeds(args: &[&str]) -> bool {
    let mut command = command(args);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().await.is_ok_and(|status| status.success())
}

fn command(args: &[&str]) -> Command {
    let mut command = workspace::cargo();
    command.args(args).kill_on_drop(true);
    command
}
