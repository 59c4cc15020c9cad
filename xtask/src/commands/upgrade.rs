//! `cargo xtask upgrade`: another version's services are replaced by this checkout's, one by one, under load.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;
use xtask::{Profile, StateDir, Tools, packages, workspace};

/// Of the package of end-to-end tests.
const DRIVER: &str = "upgrade";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The revision to upgrade from, as git names it
    #[arg(long, value_name = "REV")]
    from: String,
}

pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    packages::ensure_installed().await?;
    let tools = Tools::obtain().await?;
    let older = build(&options.from).await?;
    StateDir::remove_abandoned()?;
    // Together with the services, so that what they have in common is built once.
    workspace::build_services_in(workspace::root(), Profile::Dev, &["--example", DRIVER]).await?;
    let driver = workspace::binaries(Profile::Dev).join("examples").join(DRIVER);
    let mut upgrade = Command::new(driver);
    upgrade.arg(older);
    let status = upgrade.env("ALMANAC_DAPR_BIN", tools.dapr_folder()).kill_on_drop(true).status().await?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds the services of another revision; where their programs are.
async fn build(revision: &str) -> Result<PathBuf> {
    let commit = format!("{revision}^{{commit}}");
    let commit =
        git(&["rev-parse", "--verify", "--quiet", &commit]).await.context("there is no such revision")?;
    let directory = workspace::target().join("upgrade").join(&commit);
    let programs = directory.join("programs");
    if programs.exists() {
        return Ok(programs);
    }
    let source = directory.join("source");
    let path = source.to_string_lossy();
    git(&["worktree", "add", "--force", "--detach", &path, &commit]).await?;
    let built = workspace::build_services_in(&source, Profile::Dev, &[]).await;
    let copied = match built {
        Ok(()) => copy_programs(&programs),
        Err(error) => Err(error),
    };
    git(&["worktree", "remove", "--force", &path]).await?;
    copied.map(|()| programs)
}

/// This checkout's programs will take their place.
fn copy_programs(to: &Path) -> Result<()> {
    // Under another name at first: half a copy must not be taken for a whole one.
    let unfinished = to.with_extension("unfinished");
    std::fs::create_dir_all(&unfinished)?;
    for program in workspace::service_programs() {
        let from = workspace::binary(Profile::Dev, program);
        std::fs::copy(&from, unfinished.join(program)).with_context(|| format!("no {}", from.display()))?;
    }
    Ok(std::fs::rename(&unfinished, to)?)
}

async fn git(args: &[&str]) -> Result<String> {
    let output = Command::new("git").current_dir(workspace::root()).args(args).output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "git {}: {}", args.join(" "), said.trim());
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
