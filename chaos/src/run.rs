//! One run, from the start of the system to the verdict.

use std::{fs, io::ErrorKind, path::Path, process::ExitCode, time::Duration};

use anyhow::{Context, Result, bail};
use checker::log::{Run, Writer};
use tokio::{sync::RwLock, time::Instant};
use virtual_actors::{Clock, System};
use xtask::{BACKEND, Profile, Stack, StackOptions, StopSignal, faults, faults::SmallDisk};

use crate::{
    Arguments, fault,
    fault::{Kind, Replica},
    inject::Injector,
    judge,
    schedule::plan,
    workload::{self, Volume},
};

/// The room PostgreSQL has: for the data and the log of an hour.
const DISK: u64 = 3 << 30;

/// Where the clients' log and the parts' logs go, beside what the checker says.
const CLIENTS: &str = "clients.jsonl";
const LOGS: &str = "logs";

/// Runs until the verdict or a signal. Whatever came of it, the system is stopped in good order and its logs are kept.
pub(crate) async fn run(arguments: Arguments, may_mount: bool) -> Result<ExitCode> {
    let mut stop = StopSignal::listen()?;
    let output = &arguments.output;
    clear(output)?;
    let profile = if arguments.release { Profile::Release } else { Profile::Dev };
    judge::build(profile).await?;
    let options = StackOptions {
        profile,
        pubsub: arguments.pubsub,
        ..StackOptions::for_test_with("chaos", &fault::replicas()?)?
    };
    let options = if arguments.ha { options.ha()? } else { options }.with_faults()?;
    let disk = match may_mount {
        true => SmallDisk::mount(options.directory.path().join("postgres"), DISK)?,
        false => None,
    };
    let logs = options.directory.logs();
    let started = tokio::select! {
        started = Stack::start(options) => started,
        () = stop.received() => bail!("stopped before it was ready"),
    };
    let stack = match started {
        Ok(stack) => RwLock::new(stack),
        Err(error) => {
            keep_logs(&logs, output)?;
            return Err(error);
        }
    };
    let outcome = tokio::select! {
        passed = try_system(&stack, &arguments, profile, disk.as_ref()) => passed.map(Some),
        () = stop.received() => Ok(None),
    };
    let mut stack = stack.into_inner();
    stack.stop_all().await;
    keep_logs(&logs, output)?;
    // What it has its data on goes before the directory can.
    drop(disk);
    stack.stop().await?;
    let passed = outcome?.context("stopped before the end")?;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Makes the output's directory, without what an earlier run has left there.
fn clear(output: &Path) -> Result<()> {
    fs::create_dir_all(output)?;
    let files = [CLIENTS, judge::JSON, judge::TEXT].map(|name| fs::remove_file(output.join(name)));
    for removed in files.into_iter().chain([fs::remove_dir_all(output.join(LOGS))]) {
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

/// Lets people work while things break; whether everything promised was kept.
async fn try_system(
    system: &RwLock<Stack>,
    arguments: &Arguments,
    profile: Profile,
    disk: Option<&SmallDisk>,
) -> Result<bool> {
    let (seed, stack) = (arguments.seed, system.read().await);
    let path = arguments.output.join(CLIENTS);
    let backends: Vec<String> =
        stack.ports().apps[BACKEND].iter().map(|pair| format!("http://127.0.0.1:{}", pair.app)).collect();
    let log = Writer::create(
        &path,
        || System.now(),
        Run {
            seed,
            broker: arguments.pubsub.name().into(),
            command: arguments.command(),
            api: backends.clone(),
            mail: Some(stack.mailpit_url()),
        },
    )?;
    drop(stack);
    eprintln!("{}", arguments.command());
    let people = workload::register(&backends, &log, seed, arguments.people.into()).await?;
    let (started, length) = (Instant::now(), Duration::from_secs_f64(arguments.minutes * 60.0));
    let schedule = plan(seed, length, arguments.faults_per_minute, &possible(disk));
    let volume = Volume { reminders: arguments.reminders(), ends: started + length };
    let injector = Injector { stack: system, disk, log: &log };
    tokio::try_join!(workload::run(&people, seed, volume), injector.run(&schedule, started))?;
    eprintln!("All faults are over; waiting until everything is ready");
    let stack = system.read().await;
    stack.until_ready().await?;
    for replica in Replica::all() {
        log.replica(&replica.to_string(), &replica.metrics(&stack)?, true)?;
    }
    log.end()?;
    judge::judge(&path, stack.database_url()?, profile, &arguments.output).await
}

/// Copies the parts' logs to where the report is: what went wrong, or came late, is explained by them only.
fn keep_logs(from: &Path, output: &Path) -> Result<()> {
    let to = output.join(LOGS);
    fs::create_dir_all(&to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    eprintln!("The clients' log, the report and the parts' logs are in {}", output.display());
    Ok(())
}

/// The kinds of faults that this machine can do; the others are named.
fn possible(disk: Option<&SmallDisk>) -> Vec<Kind> {
    let reason = |kind: Kind| match kind {
        Kind::DiskFull if disk.is_none() => Some("disks may not be mounted here"),
        Kind::Skew if faults::faketime().is_none() => Some("libfaketime is not installed"),
        _ => None,
    };
    let (possible, left_out): (Vec<_>, Vec<_>) =
        Kind::ALL.iter().copied().partition(|kind| reason(*kind).is_none());
    for kind in left_out {
        eprintln!("Left out: {} ({})", kind.name(), reason(kind).unwrap_or_default());
    }
    possible
}
