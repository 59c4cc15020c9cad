//! `cargo xtask lint`: format, lints, and what the dependencies bring in.

use std::process::{ExitCode, Stdio};

use anyhow::{Result, ensure};
use xtask::workspace;

pub(crate) async fn run() -> Result<ExitCode> {
    cargo(&["fmt", "--all", "--check"]).await?;
    cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]).await?;
    if has_cargo_deny().await {
        cargo(&["deny", "check"]).await?;
    } else {
        eprintln!("Dependencies are not checked: `cargo install --locked cargo-deny` adds that");
    }
    Ok(ExitCode::SUCCESS)
}

async fn cargo(args: &[&str]) -> Result<()> {
    eprintln!("cargo {}", args.join(" "));
    let status = workspace::cargo().args(args).status().await?;
    ensure!(status.success(), "cargo {} failed", args.join(" "));
    Ok(())
}

async fn has_cargo_deny() -> bool {
    let mut deny = workspace::cargo();
    deny.args(["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    deny.status().await.is_ok_and(|status| status.success())
}
