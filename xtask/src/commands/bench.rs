//! `cargo xtask bench`: how fast it is, on a system of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail, ensure};
use xtask::{BACKEND, Profile, Replicas, Stack, StackOptions, StateDir, StopSignal, workspace};

/// The package and the program in it that measures.
const DRIVER: (&str, &str) = ("load-tests", "load-driver");

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long each scenario is measured, in all
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Requests under way at once
    #[arg(long, default_value_t = 16)]
    concurrency: u32,
    /// How many app and sidecar pairs, as todo-actors=3,audit-service=2
    #[arg(long, default_value = "", value_name = "APP=N,…")]
    replicas: String,
    /// Fail when a limit is not kept, or a request failed
    #[arg(long)]
    check: bool,
    /// Also write the figures down here, as docs/benchmarks.md
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

pub(crate) async fn run(directory: &StateDir, options: Options) -> Result<ExitCode> {
    let replicas: Replicas = options.replicas.parse()?;
    let mut stop = StopSignal::listen()?;
    warn_if_busy();
    let (package, program) = DRIVER;
    workspace::build_program(Profile::Release, package, program).await?;
    StateDir::remove_abandoned()?;
    let system = StackOptions {
        profile: Profile::Release,
        console: true,
        ..StackOptions::for_test_with("bench", &replicas)?
    };
    let stack = tokio::select! {
        stack = Stack::start(system) => stack?,
        () = stop.received() => bail!("stopped before it was ready"),
    };
    let output = directory.path().join("bench");
    let measured = tokio::select! {
        measured = measure(&stack, &options, &output) => Some(measured),
        () = stop.received() => None,
    };
    let Some(measured) = measured else {
        stack.stop().await?;
        bail!("stopped before everything was measured")
    };
    // What failed is looked into by its logs, which are kept unless the system is stopped in good order.
    let passed = measured?;
    stack.stop().await?;
    if let Some(record) = &options.record {
        fs::copy(output.join("bench.md"), record)
            .with_context(|| format!("cannot write {}", record.display()))?;
    }
    eprintln!("The figures are in {}", output.display());
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the driver on a running system; whether all limits that count were kept.
async fn measure(stack: &Stack, options: &Options, output: &Path) -> Result<bool> {
    let backend = stack.ports().of(BACKEND).first();
    let sidecar = backend.context("there is no backend")?.sidecar.http;
    // What an earlier run left must not be taken for this one's.
    let report = output.join("bench.json");
    if report.exists() {
        fs::remove_file(&report)?;
    }
    let (_, program) = DRIVER;
    let mut driver = tokio::process::Command::new(workspace::binary(Profile::Release, program));
    driver
        .env("DATABASE_URL", stack.database_url()?)
        .args(["--backend", &stack.backend_url(), "--sidecar", &format!("http://127.0.0.1:{sidecar}")])
        .args(["--seconds", &options.seconds.to_string()])
        .args(["--concurrency", &options.concurrency.to_string()])
        .arg("--output")
        .arg(output)
        .kill_on_drop(true);
    if !options.replicas.is_empty() {
        driver.args(["--setup", &options.replicas]);
    }
    if options.check {
        driver.arg("--check");
    }
    let status = driver.status().await.with_context(|| format!("cannot run {program}"))?;
    ensure!(report.exists(), "nothing was measured: {program} ended with {status}");
    Ok(status.success())
}

/// Figures of a machine that does something else are noise, if less so for those that compare.
fn warn_if_busy() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: f64 = load.split(' ').next().and_then(|minute| minute.parse().ok()).unwrap_or(0.0);
    if load > cores / 2.0 {
        eprintln!("This machine is busy (load {load} on {cores} cores): the figures will vary");
    }
}
