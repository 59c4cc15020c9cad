//! The process that stands for the limits: `load-limits`, beside this program.

use std::process::Stdio;

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// Running, until dropped.
pub(crate) struct Limits {
    pub(crate) url: String,
    pub(crate) pid: u32,
    _process: Child,
}

impl Limits {
    pub(crate) async fn start(database_url: &str, sidecar: &str) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("load-limits");
        let mut process = Command::new(&program)
            .args(["--sidecar", sidecar])
            .env("DATABASE_URL", database_url)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let said = process.stdout.take().context("it has no output")?;
        let url = BufReader::new(said).lines().next_line().await?.context("load-limits does not start")?;
        let pid = process.id().context("load-limits has ended")?;
        Ok(Self { url, pid, _process: process })
    }
}
