//! `cargo xtask load`: a script of `load-tests/k6`, on the system that runs here or on one of its own.

use std::{
    fs,
    io::{IsTerminal, stdout},
    process::{ExitCode, ExitStatus},
};

use anyhow::{Context, Result, bail, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::process::Command;
use xtask::{K6, Ports, Profile, Replicas, Stack, StackOptions, StateDir, StopSignal, SystemPhase, k6};

use super::up;

/// How k6 ends when it has done everything, and a threshold is broken.
const THRESHOLDS_BROKEN: i32 = 99;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// A script of load-tests/k6: smoke, load, stress, soak, spike or reminders
    script: String,
    /// The REST API to ask; else that of the system that runs here, or of one that is started
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// How many people
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    vus: Option<u32>,
    /// How long it takes, without setup, as 90s, 5m or 1h30m
    #[arg(long, value_name = "TIME")]
    duration: Option<String>,
    /// The highest number of visits that begin in a second
    #[arg(long, value_name = "N")]
    rate: Option<f64>,
    /// If a system is started, of optimised builds
    #[arg(long)]
    release: bool,
    /// If a system is started: how many app and sidecar pairs, as todo-actors=3,audit-service=2
    #[arg(long, default_value = "", value_name = "APP=N,…")]
    replicas: Replicas,
}

/// What is asked.
struct Target {
    base_url: String,
    /// What it is, for the summary.
    setup: Option<String>,
}

pub(crate) async fn run(directory: &StateDir, options: Options) -> Result<ExitCode> {
    let scripts = k6::scripts()?;
    ensure!(scripts.contains(&options.script), "there is no {}, but {}", options.script, scripts.join(", "));
    let mut stop = StopSignal::listen()?;
    let k6 = K6::obtain().await?;
    if let Some(target) = there(directory, &options)? {
        return drive(&k6, directory, &options, &target, &mut stop).await;
    }
    StateDir::remove_abandoned()?;
    let system = StackOptions {
        profile: if options.release { Profile::Release } else { Profile::Dev },
        console: true,
        ..StackOptions::for_test_with("load", &options.replicas)?
    };
    let profile = system.profile;
    let stack = tokio::select! {
        stack = Stack::start(system) => stack?,
        () = stop.received() => bail!("stopped before it was ready"),
    };
    let target = Target { base_url: stack.backend_url(), setup: Some(setup(profile, stack.ports())) };
    let passed = drive(&k6, directory, &options, &target, &mut stop).await?;
    stack.stop().await?;
    Ok(passed)
}

/// What is there to be asked already.
fn there(directory: &StateDir, options: &Options) -> Result<Option<Target>> {
    if let Some(base_url) = options.base_url.clone() {
        return Ok(Some(Target { base_url, setup: None }));
    }
    let Some(state) = up::running(directory)? else { return Ok(None) };
    ensure!(state.phase == SystemPhase::Ready, "the system that runs here is not ready");
    let base_url = format!("http://127.0.0.1:{}", state.ports.front_door);
    Ok(Some(Target { base_url, setup: Some(setup(state.profile, &state.ports)) }))
}

/// What figures depend on.
fn setup(profile: Profile, ports: &Ports) -> String {
    let builds = match profile {
        Profile::Dev => "debug builds",
        Profile::Release => "optimised builds",
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let replicas: Vec<_> = ports.apps.iter().map(|(app, pairs)| format!("{app}={}", pairs.len())).collect();
    format!("{builds}, {cores} cores, {}", replicas.join(","))
}

/// Runs the script to its end, or tells it to come to one.
async fn drive(
    k6: &K6,
    directory: &StateDir,
    options: &Options,
    target: &Target,
    stop: &mut StopSignal,
) -> Result<ExitCode> {
    let output = directory.path().join("load").join(&options.script);
    // What an earlier run left must not be taken for this one's.
    if output.exists() {
        fs::remove_dir_all(&output)?;
    }
    fs::create_dir_all(&output)?;
    let mut settings = vec![
        ("BASE_URL", target.base_url.clone()),
        ("OUTPUT", output.to_str().context("the state directory's path is not text")?.to_owned()),
    ];
    settings.extend(target.setup.clone().map(|setup| ("SETUP", setup)));
    settings.extend(options.vus.map(|vus| ("VUS", vus.to_string())));
    settings.extend(options.duration.clone().map(|duration| ("DURATION", duration)));
    settings.extend(options.rate.map(|rate| ("RATE", rate.to_string())));
    let mut script = k6.run(&options.script, &settings);
    if !stdout().is_terminal() {
        script.arg("--quiet");
    }
    let status = finished(script, stop).await?;
    ensure!(output.join("summary.json").exists(), "k6 ended before there was a summary");
    eprintln!("The summary is in {}", output.display());
    if !status.success() && status.code() != Some(THRESHOLDS_BROKEN) {
        eprintln!("k6 did not come to its end ({status}): the summary is of what it did");
    }
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn finished(mut script: Command, stop: &mut StopSignal) -> Result<ExitStatus> {
    // Ctrl-C reaches this process only: told twice, k6 would not wait for what is under way.
    let mut script = script.process_group(0).kill_on_drop(true).spawn().context("cannot run k6")?;
    loop {
        let process = script.id();
        tokio::select! {
            status = script.wait() => return Ok(status?),
            () = stop.received() => if let Some(process) = process {
                // It may just have ended.
                let _ = kill(Pid::from_raw(process as i32), Signal::SIGTERM);
            },
        }
    }
}
