//! The whole of Almanac, running on this machine.
//!
//! [`Stack::scale`] and [`Stack::roll`] change the replicas while it runs; clients come through the front door.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! let mut stack = xtask::Stack::start(xtask::StackOptions::for_test("journey")?).await?;
//! println!("{}", stack.backend_url());
//! stack.scale("todo-actors", 3).await?;
//! stack.kill("todo-actors", 0, xtask::Process::Sidecar).await?; // it is started again, as in `up`
//! stack.stop().await?; // what is not stopped is killed on drop, and its logs are kept
//! # Ok(()) }
//! ```

mod front_door;
mod options;
mod programs;
mod replicas;
mod roll;
mod scale;

use std::{fs::File, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;

use crate::{
    apps::APPS,
    broker::Broker,
    components,
    control_plane::ControlPlane,
    faults::ReplicaFaults,
    journal::Journal,
    mailpit::Mailpit,
    migrations, packages,
    ports::Ports,
    postgres::{Durability, Postgres},
    replica::Replica,
    state_dir::StateDir,
    state_file::SystemPhase,
    supervisor::Part,
    tools::Tools,
    workspace,
};
use front_door::FrontDoor;
pub use options::StackOptions;
use programs::Programs;
pub(crate) use programs::Version;
use replicas::ReplicaSets;

const READY: Duration = Duration::from_secs(60);

/// One of the two processes of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    App,
    Sidecar,
}

/// A running system. Dropping it kills every process.
pub struct Stack {
    options: StackOptions,
    programs: Programs,
    tools: Tools,
    journal: Journal,
    running: Option<Running>,
    _lock: File,
}

/// Every part, in the order of starting.
struct Running {
    postgres: Postgres,
    broker: Broker,
    mailpit: Mailpit,
    control_plane: ControlPlane,
    replicas: ReplicaSets,
    front_door: FrontDoor,
}

impl Stack {
    /// Prepares what is missing, builds the services, and starts everything.
    pub async fn start(options: StackOptions) -> Result<Self> {
        packages::ensure_installed().await?;
        let tools = Tools::obtain().await?;
        options.pubsub.obtain().await?;
        workspace::build_services(options.profile).await?;
        Self::start_prepared(options, tools).await
    }

    /// Starts everything, of programs that are there already.
    pub async fn start_prepared(options: StackOptions, tools: Tools) -> Result<Self> {
        options.directory.create()?;
        let lock = options.directory.lock()?;
        options.ports.ensure_free()?;
        let programs = Programs::copy(options.directory.programs(), &options.binaries())?;
        let journal =
            Journal::keeping_state(&options.directory, options.console, options.profile, &options.ports)?;
        let mut stack = Self { options, programs, tools, journal, running: None, _lock: lock };
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
        self.options.pubsub.settle(&self.options.directory, &self.journal)?;
        components::prepare(&self.options)?;
        self.start_parts().await?;
        self.journal.set_phase(SystemPhase::Ready);
        self.journal.say("supervisor", "everything is ready");
        Ok(())
    }

    async fn start_parts(&mut self) -> Result<()> {
        let Self { options: StackOptions { directory, ports, count_statements, .. }, tools, journal, .. } =
            &*self;
        let database = async {
            let durability = Durability::Full;
            let postgres =
                Postgres::start_counting(directory, ports.postgres, durability, *count_statements, journal)
                    .await?;
            migrations::run(self.programs.first().folder(), postgres.url(), journal).await?;
            Ok(postgres)
        };
        let (postgres, broker, mailpit, control_plane) = tokio::try_join!(
            database,
            Broker::start(&self.options, journal),
            Mailpit::start(tools, directory, ports.smtp, ports.mailpit, journal),
            ControlPlane::start(tools, directory, &ports.control_plane, journal),
        )?;
        let front_door = FrontDoor::open(ports.front_door, journal).await?;
        let replicas = ReplicaSets::default();
        // Nothing listens for clients before all apps are there.
        let mut running = Running { postgres, broker, mailpit, control_plane, replicas, front_door };
        let start_app = |app| self.start_missing(&running, app);
        let started = try_join_all(APPS.iter().map(start_app)).await?;
        for (app, replicas) in APPS.iter().zip(started) {
            running.add(app, replicas);
        }
        self.running = Some(running);
        Ok(())
    }

    /// Brings the database to the schema of the programs in `binaries`, while everything runs.
    pub async fn migrate(&self, binaries: &Path) -> Result<()> {
        migrations::run(binaries, self.database_url()?, &self.journal).await
    }

    /// The same with the programs that are there now where those of the whole system were taken from.
    pub async fn migrate_again(&self) -> Result<()> {
        self.migrate(&self.options.binaries()).await
    }

    /// Stops everything in order, keeping ports and data for [`Stack::start_all`].
    pub async fn stop_all(&mut self) {
        let Some(running) = self.running.take() else { return };
        self.journal.set_phase(SystemPhase::Stopping);
        running.replicas.stop().await;
        tokio::join!(running.control_plane.stop(), running.mailpit.stop());
        tokio::join!(running.broker.stop(), running.postgres.stop());
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
        self.running()?.control_plane.schedulers()[0].kill().await
    }

    /// Kills the broker as a crash would; the supervisor starts it again.
    pub async fn kill_broker(&self) -> Result<()> {
        self.broker()?.kill().await
    }

    /// The broker, to hold it down.
    pub fn broker(&self) -> Result<&Part> {
        Ok(self.running()?.broker.part())
    }

    /// Kills PostgreSQL as a crash would; the supervisor starts it again.
    pub async fn kill_postgres(&self) -> Result<()> {
        self.running()?.postgres.part().kill().await
    }

    /// Waits until everything is ready again, as after a kill.
    pub async fn until_ready(&self) -> Result<()> {
        let running = self.running()?;
        running.postgres.part().ready(READY).await?;
        running.broker.part().ready(READY).await?;
        running.control_plane.until_ready().await?;
        try_join_all(running.replicas.all().map(Replica::until_ready)).await?;
        Ok(())
    }

    /// The part that runs a replica's process: to ask for its process or wait until it is ready again.
    pub fn part(&self, app: &str, replica: usize, process: Process) -> Result<&Part> {
        let found = self.running()?.replicas.get(app, replica)?;
        Ok(match process {
            Process::App => &found.app,
            Process::Sidecar => found.sidecar.part(),
        })
    }

    /// What can be broken of a replica; with [`StackOptions::faults`] only.
    pub fn faults(&self, app: &str, replica: usize) -> Result<&ReplicaFaults> {
        let replica = self.running()?.replicas.get(app, replica)?;
        replica.faults.as_ref().context("it was started without links to break")
    }

    /// PostgreSQL, to hold it down.
    pub fn postgres(&self) -> Result<&Part> {
        Ok(self.running()?.postgres.part())
    }

    /// The parts of the control plane.
    pub fn control_plane(&self) -> Result<&ControlPlane> {
        Ok(&self.running()?.control_plane)
    }

    /// Where the REST API is, whichever backend answers.
    pub fn backend_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.options.ports.front_door)
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

    fn running_mut(&mut self) -> Result<&mut Running> {
        self.running.as_mut().context("it is stopped")
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
