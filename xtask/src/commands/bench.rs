//! `cargo xtask bench`: how fast it is, on a system of its own. The measuring itself is `load-tests`.

mod driver;
mod growth;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context, Result, bail};
use xtask::{Profile, Replicas, Stack, StackOptions, StateDir, StopSignal, Tools, packages};

use driver::Driver;

/// The trial that is timed here, since only who starts a system can.
const STARTUP: &str = "startup";
const STARTS: usize = 3;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long each scenario is measured, in all
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Into how many rounds that is divided; in each, every scenario has its turn
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Requests under way at once
    #[arg(long, default_value_t = 16)]
    concurrency: u64,
    /// Measure these only, and their limits
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    only: Vec<String>,
    /// How many people the mixed load has
    #[arg(long, default_value_t = 1_000)]
    people: usize,
    /// How many reminders come due in one instant
    #[arg(long, default_value_t = 2_000)]
    reminders: usize,
    /// How many reminders come due each second
    #[arg(long, default_value_t = 100)]
    reminders_per_second: usize,
    /// How many app and sidecar pairs, as todo-actors=3,audit-service=2
    #[arg(long, default_value = "", value_name = "APP=N,…")]
    replicas: String,
    /// Measure with 1,000 to a million tasks, then with one to four replicas
    #[arg(long, conflicts_with_all = ["compare", "replicas"])]
    growth: bool,
    /// Fail if a guarded scenario costs more CPU time beside its limit than in this report
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Also keep report, table and plots here
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Without optimization: to try a scenario, not to measure
    #[arg(long)]
    unoptimized: bool,
}

pub(crate) async fn run(directory: &StateDir, options: Options) -> Result<ExitCode> {
    let replicas: Replicas = options.replicas.parse()?;
    let profile = if options.unoptimized { Profile::Dev } else { Profile::Release };
    let mut stop = StopSignal::listen()?;
    warn_if_busy();
    packages::ensure_installed().await?;
    let tools = Tools::obtain().await?;
    let driver = Driver::build(profile).await?;
    driver.check_names(&options.only).await?;
    StateDir::remove_abandoned()?;
    let system = StackOptions {
        profile,
        console: true,
        count_statements: true,
        ..StackOptions::for_test_with("bench", &replicas)?
    };
    let mut stack = tokio::select! {
        stack = Stack::start_prepared(system, tools) => stack?,
        () = stop.received() => bail!("stopped before it was ready"),
    };
    let output = directory.path().join("bench");
    // What an earlier run left must not be taken for this one's.
    if output.exists() {
        fs::remove_dir_all(&output)?;
    }
    let measured = tokio::select! {
        measured = measure(&mut stack, &driver, &options, &output) => Some(measured),
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
        keep(&output, record)?;
    }
    eprintln!("The figures are in {}", output.display());
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether nothing failed, and nothing got worse.
async fn measure(stack: &mut Stack, driver: &Driver, options: &Options, output: &Path) -> Result<bool> {
    if options.growth {
        return growth::measure(stack, driver, options, output).await;
    }
    let everything = options.only.is_empty() && options.compare.is_none();
    let mut arguments = Vec::new();
    if everything || options.only.iter().any(|name| name == STARTUP) {
        let starts = time_starts(stack).await?;
        let starts: Vec<_> = starts.iter().map(|seconds| format!("{seconds:.2}")).collect();
        arguments.extend(["--started-in".to_owned(), starts.join(",")]);
    }
    if !options.only.is_empty() {
        arguments.extend(["--only".to_owned(), options.only.join(",")]);
    }
    if let Some(base) = &options.compare {
        arguments.extend(["--compare".to_owned(), base.display().to_string()]);
    }
    driver.measure(stack, options, &arguments, output).await
}

/// Stops everything and starts it again, as after a reboot; the seconds of each start.
async fn time_starts(stack: &mut Stack) -> Result<Vec<f64>> {
    let mut starts = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        stack.stop_all().await;
        let started = Instant::now();
        stack.start_all().await?;
        starts.push(started.elapsed().as_secs_f64());
    }
    Ok(starts)
}

fn keep(output: &Path, record: &Path) -> Result<()> {
    fs::create_dir_all(record)?;
    for entry in fs::read_dir(output)? {
        let path = entry?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            let kept = record.join(name);
            fs::copy(&path, &kept).with_context(|| format!("cannot write {}", kept.display()))?;
        }
    }
    Ok(())
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
