//! Brings a database to the schema of this version.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use tokio::{process::Command, time::timeout};

use crate::{apps::MIGRATE, journal::Journal};

/// Runs the migrations that are missing, by the program in `binaries` that is for it.
pub(crate) async fn run(binaries: &Path, database_url: &str, journal: &Journal) -> Result<()> {
    let mut migrate = Command::new(binaries.join(MIGRATE.binary));
    migrate.env("DATABASE_URL", database_url).kill_on_drop(true);
    let output =
        timeout(Duration::from_secs(300), migrate.output()).await.context("no end in five minutes")?;
    let output = output.with_context(|| format!("cannot run {}", MIGRATE.binary))?;
    let log = journal.log_of("migrate")?;
    for text in [&output.stdout, &output.stderr] {
        String::from_utf8_lossy(text).lines().for_each(|line| log.line(line));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the migrations failed: {}", said.trim());
    Ok(())
}
