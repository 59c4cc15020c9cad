//! `cargo xtask test`: every test there is, on a PostgreSQL of its own.

use std::{
    ffi::OsString,
    io::{IsTerminal, stdout},
    process::{ExitCode, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::Command,
};
use xtask::{
    Durability, Journal, Postgres, Profile, Pubsub, StateDir, StopSignal, Tools, free_port, go, packages,
    tools, workspace,
};

use super::failures::Failures;

/// The packages whose tests run whole systems, and break them: they take Kafka and libfaketime.
const WITH_SYSTEMS: [&str; 3] = ["almanac-tests", "chaos", "xtask"];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Passed on to `cargo test`; without any, everything is tested
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    cargo: Vec<OsString>,
}

pub(crate) async fn run(options: Options) -> Result<ExitCode> {
    let started = Instant::now();
    packages::ensure_installed().await?;
    let tools = Tools::obtain().await?;
    let named = named_packages(&options.cargo);
    if named.is_empty() || named.iter().any(|name| WITH_SYSTEMS.contains(&name.as_str())) {
        Pubsub::Kafka.obtain().await?;
        packages::install_faketime().await;
    }
    workspace::build_services(Profile::Dev).await?;
    StateDir::remove_abandoned()?;
    let directory = StateDir::temporary("test")?;
    let _held = directory.lock()?;
    let journal = Journal::open(&directory, false)?;
    let postgres = Postgres::start(&directory, free_port()?, Durability::Processes, &journal).await?;
    let outcome = run_tests(&options.cargo, &tools, &postgres).await;
    postgres.stop().await;
    directory.remove()?;
    let passed = outcome?;
    let verdict = if passed { "All tests passed" } else { "Tests failed" };
    eprintln!("{verdict} after {} s", started.elapsed().as_secs());
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run_tests(args: &[OsString], tools: &Tools, postgres: &Postgres) -> Result<bool> {
    let mut stop = StopSignal::listen()?;
    let mut tests = workspace::cargo();
    tests
        .args(["test", "--no-fail-fast"])
        .env("DATABASE_URL", postgres.url())
        .env("ALMANAC_DAPR_BIN", tools.dapr_folder());
    match tools::oidc_provider().await? {
        Some(folder) => _ = tests.env("ALMANAC_OIDC_PROVIDER", folder),
        None => eprintln!("Not tested: signing in at a real OpenID provider, which needs Node and npm"),
    }
    if named_packages(args).is_empty() {
        tests.arg("--workspace");
    }
    let passed = finishes_well(tests.args(args), &mut stop).await?;
    if !args.is_empty() {
        return Ok(passed);
    }
    let Some(go) = go::find().await else {
        eprintln!("Not tested: the mail binding, which needs Go");
        return Ok(passed);
    };
    let mut tests = Command::new(go);
    tests
        .args(["test", "-mod=readonly", "./mail"])
        .current_dir(tools::runtime_module())
        .env_remove("GOFLAGS");
    Ok(finishes_well(&mut tests, &mut stop).await? && passed)
}

/// The packages that Cargo is told to test; none where it is to test all.
fn named_packages(args: &[OsString]) -> Vec<String> {
    let mut args = args.iter().map(|arg| arg.to_string_lossy()).take_while(|arg| arg != "--");
    let mut packages = Vec::new();
    while let Some(arg) = args.next() {
        let Some(rest) = arg.strip_prefix("--package").or_else(|| arg.strip_prefix("-p")) else { continue };
        match rest {
            "" => packages.extend(args.next().map(Into::into)),
            attached => packages.push(attached.trim_start_matches('=').to_owned()),
        }
    }
    packages
}

/// Runs tests to their end, or ends them all when told to stop. In a log, what failed is told again at the end.
async fn finishes_well(tests: &mut Command, stop: &mut StopSignal) -> Result<bool> {
    if !stdout().is_terminal() {
        tests.stdout(Stdio::piped());
    }
    // A group of their own, so that the programs the tests run can be ended with them.
    let mut tests = tests.process_group(0).spawn()?;
    let group = tests.id().context("ended at once")?;
    let output = tests.stdout.take();
    let finished = async {
        let failures = match output {
            Some(output) => pass_on(output).await?,
            None => Failures::default(),
        };
        let passed = tests.wait().await?.success();
        eprint!("{failures}");
        anyhow::Ok(passed)
    };
    let passed = tokio::select! {
        passed = finished => Some(passed?),
        () = stop.received() => None,
    };
    if let Some(passed) = passed {
        return Ok(passed);
    }
    killpg(Pid::from_raw(group as i32), Signal::SIGTERM)?;
    tests.wait().await?;
    bail!("stopped before all tests had run")
}

/// Prints what comes, as it comes.
async fn pass_on(output: impl AsyncRead + Unpin) -> Result<Failures> {
    let mut failures = Failures::default();
    let mut output = BufReader::new(output).split(b'\n');
    while let Some(line) = output.next_segment().await? {
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        failures.hear(&line);
    }
    Ok(failures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_read_however_they_are_named() {
        let named = |args: &str| named_packages(&args.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(named("-p task-actor a_task -- -p xtask"), ["task-actor"]);
        assert_eq!(named("--package=chaos -pxtask --package audit"), ["chaos", "xtask", "audit"]);
        assert!(named("a_task_and_its_clock -- --nocapture").is_empty());
    }
}
