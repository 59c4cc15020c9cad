//! The whole of Almanac, running on this machine.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! let stack = xtask::Stack::start(xtask::StackOptions::for_test("journey")?).await?;
//! println!("{}", stack.backend_url());
//! stack.kill("todo-actors", 0, xtask::Process::Sidecar).await?; // it is started again, as in `up`
//! stack.stop().await?; // what is not stopped is killed on drop, and its logs are kept
//! # Ok(()) }
//! ```

use std::{fs::File, time::Duration};

use anyhow::{Context, Result, ensure};
use futures::future::{join_all, try_join_all};
use tokio::time::timeout;

use crate::{
    apps::{APPS, App, BACKEND, MIGRATE, Replicas},
    components,
    control_plane::ControlPlane,
    faults::ReplicaFaults,
    journal::Journal,
    mailpit::Mailpit,
    packages,
    ports::Ports,
    postgres::{Durability, Postgres},
    redis::Redis,
    replica::{Replica, Surroundings},
    state_dir::StateDir,
    state_file::SystemPhase,
    supervisor::Part,
    tools::Tools,
    workspace::{self, Profile},
};

const READY: Duration = Duration::from_secs(60);

/// What to run, and where.
#[derive(Clone, Debug)]
pub struct StackOptions {
    pub directory: StateDir,
    pub ports: Ports,
    pub profile: Profile,
    /// Whether progress is said on standard error.
    pub console: bool,
    /// Whether a stop in good order removes the directory.
    pub throw_away: bool,
    /// Whether each replica gets links that can be broken, and a clock that can be set off: [`Stack::faults`].
    pub faults: bool,
}

impl StackOptions {
    /// A system of its own: free ports and a fresh directory, beside whatever else is running.
    pub fn for_test(label: &str) -> Result<Self> {
        Self::for_test_with(label, &Replicas::default())
    }

    /// The same with more replicas.
    pub fn for_test_with(label: &str, replicas: &Replicas) -> Result<Self> {
        let (directory, ports) = (StateDir::temporary(label)?, Ports::free(replicas)?);
        Ok(Self { directory, ports, profile: Profile::Dev, console: false, throw_away: true, faults: false })
    }
}

/// One of the two processes of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    App,
    Sidecar,
}

/// A running system. Dropping it kills every process.
pub struct Stack {
    options: StackOptions,
    tools: Tools,
    journal: Journal,
    running: Option<Running>,
    _lock: File,
}

/// Every part, in the order of starting.
struct Running {
    postgres: Postgres,
    redis: Redis,
    mailpit: Mailpit,
    control_plane: ControlPlane,
    /// One list for each of [`APPS`].
    replicas: Vec<Vec<Replica>>,
}

impl Stack {
    /// Prepares what is missing, builds the services, and starts everything.
    pub async fn start(options: StackOptions) -> Result<Self> {
        packages::ensure_installed().await?;
        let tools = Tools::obtain().await?;
        workspace::build_services(options.profile).await?;
        Self::start_prepared(options, tools).await
    }

    /// Starts everything, of programs that are there already.
    pub async fn start_prepared(options: StackOptions, tools: Tools) -> Result<Self> {
        options.directory.create()?;
        let lock = options.directory.lock()?;
        options.ports.ensure_free()?;
        let journal = Journal::keeping_state(&options.directory, options.console, &options.ports)?;
        let mut stack = Self { options, tools, journal, running: None, _lock: lock };
        stack
            .start_all()
            .await
            .inspect_err(|error| stack.journal.error("supervisor", format!("{error:#}")))?;
        Ok(stack)
    }

    /// Starts everything again after [`Stack::stop_all`], on the same ports and data.
    pub async fn start_all(&mut self) -> Result<()> {
        ensure!(self.running.is_none(), "it is running");
        self.journal.set_phase(SystemPhase::Starting);
        components::render(&self.options.directory, &self.options.ports)?;
        self.running = Some(self.start_parts().await?);
        self.journal.set_phase(SystemPhase::Ready);
        self.journal.say("supervisor", "everything is ready");
        Ok(())
    }

    async fn start_parts(&self) -> Result<Running> {
        let Self { options: StackOptions { directory, ports, .. }, tools, journal, .. } = self;
        let database = async {
            let postgres = Postgres::start(directory, ports.postgres, Durability::Full, journal).await?;
            self.migrate(postgres.url()).await?;
            Ok(postgres)
        };
        let (postgres, redis, mailpit, control_plane) = tokio::try_join!(
            database,
            Redis::start(directory, ports.redis, journal),
            Mailpit::start(tools, directory, ports.smtp, ports.mailpit, journal),
            ControlPlane::start(tools, directory, ports.control_plane, journal),
        )?;
        let surroundings = Surroundings {
            tools,
            directory,
            control_plane: &control_plane,
            database_url: postgres.url(),
            ports,
            faults: self.options.faults,
            profile: self.options.profile,
            journal,
        };
        let start_app = async |app: &'static App| {
            let pairs = self.options.ports.apps.get(app.id).map(Vec::as_slice).unwrap_or_default();
            let start = |(number, pair): (u16, &_)| Replica::start(&surroundings, app, number, *pair);
            try_join_all((0..).zip(pairs).map(start)).await
        };
        let replicas = try_join_all(APPS.iter().map(start_app)).await?;
        Ok(Running { postgres, redis, mailpit, control_plane, replicas })
    }

    async fn migrate(&self, database_url: &str) -> Result<()> {
        let mut migrate =
            tokio::process::Command::new(workspace::binary(self.options.profile, MIGRATE.binary));
        migrate.env("DATABASE_URL", database_url).kill_on_drop(true);
        let output =
            timeout(Duration::from_secs(300), migrate.output()).await.context("no end in five minutes")?;
        let output = output.with_context(|| format!("cannot run {}", MIGRATE.binary))?;
        let log = self.journal.log_of("migrate")?;
        for text in [&output.stdout, &output.stderr] {
            String::from_utf8_lossy(text).lines().for_each(|line| log.line(line));
        }
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the migrations failed: {}", said.trim());
        Ok(())
    }

    /// Stops everything in order, keeping ports and data for [`Stack::start_all`].
    pub async fn stop_all(&mut self) {
        let Some(running) = self.running.take() else { return };
        self.journal.set_phase(SystemPhase::Stopping);
        let replicas = running.replicas.into_iter().flatten();
        join_all(replicas.map(Replica::stop)).await;
        tokio::join!(running.control_plane.stop(), running.mailpit.stop());
        tokio::join!(running.redis.stop(), running.postgres.stop());
    }

    /// Stops everything in order; a throw-away directory is removed.
    pub async fn stop(mut self) -> Result<()> {
        self.stop_all().await;
        if self.options.throw_away {
            self.options.directory.remove()?;
        }
        Ok(())
    }

    /// Kills a process as a crash would; the supervisor starts it again.
    pub async fn kill(&self, app: &str, replica: usize, process: Process) -> Result<()> {
        self.part(app, replica, process)?.kill().await
    }

    /// Kills the scheduler as a crash would; the supervisor starts it again.
    pub async fn kill_scheduler(&self) -> Result<()> {
        self.running()?.control_plane.scheduler().kill().await
    }

    /// Kills Redis as a crash would; the supervisor starts it again.
    pub async fn kill_redis(&self) -> Result<()> {
        self.running()?.redis.part().kill().await
    }

    /// The broker, to hold it down.
    pub fn redis(&self) -> Result<&Part> {
        Ok(self.running()?.redis.part())
    }

    /// Kills PostgreSQL as a crash would; the supervisor starts it again.
    pub async fn kill_postgres(&self) -> Result<()> {
        self.running()?.postgres.part().kill().await
    }

    /// Waits until everything is ready again, as after a kill.
    pub async fn until_ready(&self) -> Result<()> {
        let running = self.running()?;
        running.postgres.part().ready(READY).await?;
        running.redis.part().ready(READY).await?;
        running.control_plane.until_ready().await?;
        try_join_all(running.replicas.iter().flatten().map(Replica::until_ready)).await?;
        Ok(())
    }

    /// The part that runs a replica's process: to ask for its process or wait until it is ready again.
    pub fn part(&self, app: &str, replica: usize, process: Process) -> Result<&Part> {
        let found = self.replica(app, replica)?;
        Ok(match process {
            Process::App => &found.app,
            Process::Sidecar => found.sidecar.part(),
        })
    }

    /// What can be broken of a replica; with [`StackOptions::faults`] only.
    pub fn faults(&self, app: &str, replica: usize) -> Result<&ReplicaFaults> {
        self.replica(app, replica)?.faults.as_ref().context("it was started without links to break")
    }

    fn replica(&self, app: &str, replica: usize) -> Result<&Replica> {
        let index = APPS.iter().position(|known| known.id == app).context("there is no such app")?;
        let replicas = self.running()?.replicas.get(index);
        let found = replicas.and_then(|replicas| replicas.get(replica));
        found.with_context(|| format!("{app} has no replica {replica}"))
    }

    pub fn postgres(&self) -> Result<&Part> {
        Ok(self.running()?.postgres.part())
    }

    /// The parts of the control plane.
    pub fn control_plane(&self) -> Result<&ControlPlane> {
        Ok(&self.running()?.control_plane)
    }

    /// Where the REST API is.
    pub fn backend_url(&self) -> String {
        let port =
            self.options.ports.apps.get(BACKEND).and_then(|pairs| pairs.first()).map_or(0, |pair| pair.app);
        format!("http://127.0.0.1:{port}")
    }

    /// Where the mails that were sent can be read.
    pub fn mailpit_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.options.ports.mailpit)
    }

    /// Where programs connect to PostgreSQL.
    pub fn database_url(&self) -> Result<&str> {
        Ok(self.running()?.postgres.url())
    }

    pub fn ports(&self) -> &Ports {
        &self.options.ports
    }

    pub fn directory(&self) -> &StateDir {
        &self.options.directory
    }

    fn running(&self) -> Result<&Running> {
        self.running.as_ref().context("it is stopped")
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if self.options.throw_away && self.running.is_some() {
            eprintln!(
                "The logs of the system that was not stopped are in {}",
                self.options.directory.logs().display()
            );
        }
    }
}
