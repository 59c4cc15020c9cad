//! `cargo xtask up`: from nothing to a running system.

use std::{
    collections::BTreeMap,
    fs::File,
    process::{ExitCode, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tokio::{
    process::{Child, Command},
    time::sleep,
};
use xtask::{
    ControlPlanePorts, Members, Ports, Profile, Pubsub, Replicas, Stack, StackOptions, StateDir, StateFile,
    StopSignal, SystemPhase, Tools, packages, workspace,
};

use super::{control::Control, down, logs};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Return when everything is ready, and leave it running
    #[arg(long)]
    detach: bool,
    /// How many app and sidecar pairs, as todo-actors=3,audit-service=2
    #[arg(long, default_value = "", value_name = "APP=N,…")]
    replicas: Replicas,
    /// The broker that events travel by: redis or kafka
    #[arg(long, default_value = "redis", value_name = "BROKER")]
    pubsub: Pubsub,
    /// Run three instances of placement and of the scheduler, any one of which may die
    #[arg(long)]
    ha: bool,
    /// Build and run optimised services
    #[arg(long)]
    release: bool,
    /// The port of the REST API
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// Be the process that `--detach` leaves behind
    #[arg(long, hide = true)]
    supervise: bool,
}

pub(crate) async fn run(directory: StateDir, options: Options) -> Result<ExitCode> {
    let profile = if options.release { Profile::Release } else { Profile::Dev };
    let members = if options.ha { Members::Three } else { Members::One };
    let mut ports = Ports::fixed(&options.replicas, options.port);
    ports.control_plane = ControlPlanePorts::fixed(members);
    let stack = StackOptions {
        directory,
        ports,
        profile,
        binaries: None,
        pubsub: options.pubsub,
        broker_links: BTreeMap::new(),
        faults: false,
        settings: BTreeMap::new(),
        console: !options.supervise,
        count_statements: false,
        throw_away: false,
    };
    if options.supervise {
        // Away from the terminal: what is typed there is for others.
        nix::unistd::setsid().context("cannot leave the terminal")?;
        return supervise(stack).await;
    }
    if let Some(state) = running(&stack.directory)? {
        eprintln!("Almanac is running already; `cargo xtask down` stops it.\n{}", state.table());
        return Ok(ExitCode::FAILURE);
    }
    down::end_leftovers(&stack.directory).await?;
    packages::ensure_installed().await?;
    Tools::obtain().await?;
    options.pubsub.obtain().await?;
    workspace::build_services(profile).await?;
    if options.detach { detach(&stack).await } else { supervise(stack).await }
}

/// The state of the system whose supervisor is alive.
pub(crate) fn running(directory: &StateDir) -> Result<Option<StateFile>> {
    Ok(StateFile::load(&directory.state_file())?.filter(|state| state.supervisor.is_alive()))
}

/// Starts everything and keeps it running until told to stop.
async fn supervise(options: StackOptions) -> Result<ExitCode> {
    let mut stop = StopSignal::listen()?;
    let console = options.console;
    let tools = Tools::obtain().await?;
    let mut stack = tokio::select! {
        stack = Stack::start_prepared(options, tools) => stack?,
        // What was started so far is killed as it is dropped.
        () = stop.received() => bail!("stopped before it was ready"),
    };
    if console {
        println!("\n{}\n\nCtrl-C stops everything.", addresses(stack.directory(), stack.ports()));
    }
    let control = Control::listen(stack.directory())?;
    follow_requests(&control, &mut stack, &mut stop).await;
    if console {
        eprintln!("\nStopping; Ctrl-C again does not wait.");
    }
    tokio::select! {
        () = stack.stop_all() => {}
        () = stop.received() => {}
    }
    stack.directory().forget_state()?;
    Ok(ExitCode::SUCCESS)
}

/// Does what is asked, one after the other, until told to stop.
async fn follow_requests(control: &Control, stack: &mut Stack, stop: &mut StopSignal) {
    loop {
        let (request, asker) = tokio::select! {
            next = control.next() => next,
            () = stop.received() => return,
        };
        tokio::select! {
            outcome = request.perform(stack) => asker.answer(outcome).await,
            // A replica that was on its way, up or down, is killed as it is dropped.
            () = stop.received() => return,
        }
    }
}

/// Leaves a supervisor behind; returns when it says that everything is ready.
async fn detach(stack: &StackOptions) -> Result<ExitCode> {
    stack.directory.create()?;
    stack.ports.ensure_free()?;
    let mut log = logs::Reader::at_end(&stack.directory.logs().join("supervisor.log"))?;
    let errors = File::create(stack.directory.path().join("supervisor.stderr"))?;
    let mut supervisor = Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .arg("--supervise")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(errors)
        .spawn()?;
    let outcome = tokio::select! {
        outcome = follow(&stack.directory, &mut supervisor, &mut log) => outcome,
        signal = interrupted() => signal,
    };
    if outcome.is_err() {
        // Without a supervisor its children end too.
        let _ = supervisor.kill().await;
        down::end_leftovers(&stack.directory).await?;
    }
    outcome?;
    println!("\n{}\n\n`cargo xtask down` stops everything.", addresses(&stack.directory, &stack.ports));
    Ok(ExitCode::SUCCESS)
}

async fn interrupted() -> Result<()> {
    tokio::signal::ctrl_c().await?;
    bail!("interrupted")
}

/// Shows what the supervisor reports until the system is ready or given up.
async fn follow(directory: &StateDir, supervisor: &mut Child, log: &mut logs::Reader) -> Result<()> {
    loop {
        let ended = supervisor.try_wait()?;
        for line in log.new_lines()? {
            logs::print_report(&line);
        }
        if ended.is_some() {
            bail!("it did not start; the logs are in {}", directory.logs().display());
        }
        let state = running(directory)?.filter(|state| Some(state.supervisor.pid) == supervisor.id());
        if state.is_some_and(|state| state.phase == SystemPhase::Ready) {
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
}

fn addresses(directory: &StateDir, ports: &Ports) -> String {
    format!(
        "Almanac is ready.\n  REST API   http://127.0.0.1:{}   (described at /api/openapi.json)\n  \
         mails      http://127.0.0.1:{}   (SMTP on {})\n  \
         database   postgres://almanac@127.0.0.1:{}/almanac   (password in {})\n  logs       {}",
        ports.front_door,
        ports.mailpit,
        ports.smtp,
        ports.postgres,
        directory.postgres_password().display(),
        directory.logs().display(),
    )
}
