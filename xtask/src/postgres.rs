//! A PostgreSQL cluster of our own, with durability on; never the system's.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use nix::{sys::signal::Signal, unistd};
use tempfile::NamedTempFile;
use tokio::process::Command;

use crate::{
    cluster::{Cluster, DATABASE, MAINTENANCE, ROLE},
    journal::Journal,
    packages,
    process::{Program, User},
    readiness::Readiness,
    state_dir::{StateDir, others_can_reach},
    supervisor::Part,
};

const READY: Duration = Duration::from_secs(60);

/// How much a cluster gives for speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// What was committed survives a crash of the machine.
    Full,
    /// It survives a crash of the processes only: for throw-away test databases.
    Processes,
}

/// A running cluster with the role and database `almanac`.
pub struct Postgres {
    part: Part,
    cluster: Cluster,
    url: String,
}

impl Postgres {
    /// Starts the cluster in the state directory, made first if there is none yet.
    pub async fn start(
        directory: &StateDir,
        port: u16,
        durability: Durability,
        journal: &Journal,
    ) -> Result<Self> {
        Self::start_counting(directory, port, durability, false, journal).await
    }

    /// The same; if `statements`, and PostgreSQL has `pg_stat_statements`, that is loaded.
    pub(crate) async fn start_counting(
        directory: &StateDir,
        port: u16,
        durability: Durability,
        statements: bool,
        journal: &Journal,
    ) -> Result<Self> {
        let data = directory.path().join("postgres");
        let password = fs::read_to_string(directory.postgres_password())?;
        let user = unprivileged_user()?;
        let binaries = packages::postgres_binaries(version_of(&data).as_deref())?;
        if version_of(&data).is_none() {
            journal.say("postgres", format!("making a database cluster in {}", data.display()));
            initialize(&binaries, &data, &password, user).await?;
        }
        let mut program = program(&binaries, &data, port, durability, user);
        if statements && binaries.join("../lib/pg_stat_statements.so").exists() {
            program = program.args(["-c", "shared_preload_libraries=pg_stat_statements"]);
        }
        let cluster = Cluster::new(binaries, port, password);
        let question = cluster.clone();
        let readiness = Readiness::new(move || {
            let question = question.clone();
            async move { question.ask(MAINTENANCE, "select 1").await.map(drop) }
        });
        let part = Part::launch(program, readiness, journal)?;
        part.ready(READY).await?;
        if !cluster.has(DATABASE).await? {
            cluster.ask(MAINTENANCE, &format!("create database {DATABASE}")).await?;
        }
        let url = cluster.url(DATABASE);
        Ok(Self { part, cluster, url })
    }

    /// Where programs connect; the role may do anything in this cluster.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn part(&self) -> &Part {
        &self.part
    }

    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    pub async fn stop(self) {
        self.part.stop().await;
    }
}

fn program(binaries: &Path, data: &Path, port: u16, durability: Durability, user: Option<User>) -> Program {
    let durable = if durability == Durability::Full { "on" } else { "off" };
    let settings = [
        ("port", port.to_string()),
        ("listen_addresses", "127.0.0.1".into()),
        // Their path may be longer than the 107 bytes a socket address has room for.
        ("unix_socket_directories", String::new()),
        ("max_connections", "200".into()),
        ("shared_buffers", "256MB".into()),
        ("fsync", durable.into()),
        ("full_page_writes", durable.into()),
        ("synchronous_commit", "on".into()),
        ("timezone", "UTC".into()),
        ("log_timezone", "UTC".into()),
        ("log_line_prefix", String::new()),
    ];
    let program = Program::new("postgres", binaries.join("postgres")).arg("-D").arg(data);
    let options = settings.into_iter().flat_map(|(name, value)| ["-c".into(), format!("{name}={value}")]);
    // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients to leave.
    program.args(options).user(user).stop_signal(Signal::SIGINT).ports([port])
}

async fn initialize(binaries: &Path, data: &Path, password: &str, user: Option<User>) -> Result<()> {
    ensure!(
        user.is_none() || others_can_reach(data),
        "PostgreSQL does not run as root, and no other user can reach {}: name another --state-dir",
        data.display()
    );
    fs::create_dir_all(data)?;
    // What a broken initdb left would make the next one refuse. The directory itself may be a disk of its own.
    for entry in fs::read_dir(data)? {
        let path = entry?.path();
        if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
    }
    fs::set_permissions(data, Permissions::from_mode(0o700))?;
    let password_file = NamedTempFile::new()?;
    fs::write(&password_file, password)?;
    let mut initdb = Command::new(binaries.join("initdb"));
    initdb.args(["--username", ROLE, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"]);
    initdb.arg("--pwfile").arg(password_file.path()).arg("--pgdata").arg(data).current_dir("/");
    if let Some(User { uid, gid }) = user {
        chown(data, Some(uid), Some(gid))?;
        chown(&password_file, Some(uid), Some(gid))?;
        initdb.uid(uid).gid(gid);
    }
    let output = initdb.output().await.context("cannot run initdb")?;
    ensure!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

/// The major version a cluster was made by; none where there is no complete cluster.
pub(crate) fn version_of(data: &Path) -> Option<String> {
    // Written near the end of initdb, unlike PG_VERSION.
    let complete = data.join("global/pg_control").exists() && data.join("base/5").exists();
    complete
        .then(|| fs::read_to_string(data.join("PG_VERSION")).ok())
        .flatten()
        .map(|text| text.trim().to_owned())
}

/// Whom PostgreSQL runs as when this process is root.
fn unprivileged_user() -> Result<Option<User>> {
    if !unistd::geteuid().is_root() {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let Some(user) = unistd::User::from_name(name)? {
            return Ok(Some(User { uid: user.uid.as_raw(), gid: user.gid.as_raw() }));
        }
    }
    anyhow::bail!("PostgreSQL does not run as root and there is neither a user postgres nor nobody")
}
