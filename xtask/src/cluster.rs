//! A PostgreSQL cluster that runs, as its own programs reach it: `psql`, `pg_dump`, `pg_restore`.

use std::{fs, path::PathBuf, process::Output};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::{packages, postgres, state_dir::StateDir};

pub(crate) const ROLE: &str = "almanac";
pub(crate) const DATABASE: &str = "almanac";
/// The database to be connected to while others are made or renamed.
pub(crate) const MAINTENANCE: &str = "postgres";

/// Where it listens, and with which programs of its version to speak to it.
#[derive(Clone)]
pub struct Cluster {
    binaries: PathBuf,
    port: u16,
    password: String,
}

impl Cluster {
    pub(crate) fn new(binaries: PathBuf, port: u16, password: String) -> Self {
        Self { binaries, port, password }
    }

    /// The one of a system that runs, by the port it was given.
    pub fn of_running(directory: &StateDir, port: u16) -> Result<Self> {
        let version = postgres::version_of(&directory.path().join("postgres"));
        let binaries = packages::postgres_binaries(version.as_deref())?;
        Ok(Self::new(binaries, port, fs::read_to_string(directory.postgres_password())?))
    }

    pub(crate) fn url(&self, database: &str) -> String {
        url(&self.password, self.port, database)
    }

    /// One of its programs, connecting to this database; the password goes by the environment, where `ps` shows none.
    pub(crate) fn program(&self, name: &str, database: &str) -> Command {
        let mut command = Command::new(self.binaries.join(name));
        command.args(["--host", "127.0.0.1", "--port", &self.port.to_string()]);
        command.args(["--username", ROLE, "--dbname", database]);
        command.env("PGPASSWORD", &self.password).env("PGCONNECT_TIMEOUT", "2").kill_on_drop(true);
        command
    }

    /// A `psql` that prints tables for people.
    pub fn console(&self) -> Command {
        let mut psql = self.program("psql", DATABASE);
        psql.args(["--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--pset", "pager=off"]);
        psql
    }

    pub(crate) fn psql(&self, database: &str) -> Command {
        let mut psql = self.program("psql", database);
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"]);
        psql
    }

    /// Runs SQL; what it gives, as text. Several statements are one transaction.
    pub async fn ask(&self, database: &str, sql: &str) -> Result<String> {
        finished("psql", self.psql(database).args(["--command", sql])).await
    }

    pub(crate) async fn has(&self, database: &str) -> Result<bool> {
        let found = format!("select 1 from pg_database where datname = '{database}'");
        Ok(!self.ask(MAINTENANCE, &found).await?.is_empty())
    }

    /// Lists what a dump holds; fails if it is none.
    pub(crate) async fn contents(&self, dump: &std::path::Path) -> Result<String> {
        let mut list = Command::new(self.binaries.join("pg_restore"));
        finished("pg_restore", list.arg("--list").arg(dump).kill_on_drop(true)).await
    }
}

/// Where a database of a cluster on this machine is connected to.
pub(crate) fn url(password: &str, port: u16, database: &str) -> String {
    format!("postgres://{ROLE}:{password}@127.0.0.1:{port}/{database}")
}

/// Runs a program to its end; what it printed.
pub(crate) async fn finished(name: &str, command: &mut Command) -> Result<String> {
    let Output { status, stdout, stderr } =
        command.output().await.with_context(|| format!("cannot run {name}"))?;
    ensure!(status.success(), "{name}: {}", String::from_utf8_lossy(&stderr).trim());
    Ok(String::from_utf8_lossy(&stdout).trim().to_owned())
}
