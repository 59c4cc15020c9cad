//! The program that measures, and what it is told.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;
use xtask::{Profile, Stack, workspace};

use super::Options;

/// The package of the program that measures, and of the one that it measures beside.
const PACKAGE: &str = "load-tests";
const DRIVER: &str = "load-driver";

pub(super) struct Driver(Profile);

impl Driver {
    /// Builds it, and the services with it: by themselves they would have other features of what they share, and all
    /// of that be built once more.
    pub(super) async fn build(profile: Profile) -> Result<Self> {
        workspace::build_services_in(workspace::root(), profile, &["--package", PACKAGE]).await?;
        Ok(Self(profile))
    }

    /// Fails, naming those there are, before a system is started for nothing.
    pub(super) async fn check_names(&self, names: &[String]) -> Result<()> {
        let status = self.program().arg("names").arg("--").args(names).status().await?;
        ensure!(status.success(), "not everything of that can be measured");
        Ok(())
    }

    /// Measures a running system; whether nothing failed, and nothing got worse.
    pub(super) async fn measure(
        &self,
        stack: &Stack,
        options: &Options,
        further: &[String],
        output: &Path,
    ) -> Result<bool> {
        let mut driver = self.program();
        driver
            .arg("measure")
            .env("DATABASE_URL", stack.database_url()?)
            .arg("--state-file")
            .arg(stack.directory().state_file())
            .arg("--output")
            .arg(output)
            .args(["--seconds", &options.seconds.to_string()])
            .args(["--rounds", &options.rounds.to_string()])
            .args(["--concurrency", &options.concurrency.to_string()])
            .args(["--people", &options.people.to_string()])
            .args(["--reminders", &options.reminders.to_string()])
            .args(["--reminders-per-second", &options.reminders_per_second.to_string()])
            .args(further);
        let status = driver.status().await.with_context(|| format!("cannot run {DRIVER}"))?;
        ensure!(output.join("bench.json").exists(), "nothing was measured: {DRIVER} ended with {status}");
        Ok(status.success())
    }

    /// Puts the reports in the folders of `output` side by side.
    pub(super) async fn growth(&self, output: &Path) -> Result<()> {
        let status = self.program().arg("growth").arg(output).status().await?;
        ensure!(status.success(), "the reports cannot be read");
        Ok(())
    }

    fn program(&self) -> Command {
        let mut program = Command::new(workspace::binary(self.0, DRIVER));
        program.kill_on_drop(true);
        program
    }
}
