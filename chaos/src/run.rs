//! One run, from the start of the system to the verdict.

use std::{fs, path::Path, process::ExitCode, time::Duration};

use anyhow::{Context, Result, bail};
use checker::log::{Run, Writer};
use tokio::{sync::RwLock, time::Instant};
use virtual_actors::{Clock, System};
use xtask::{BACKEND, Profile, Stack, StackOptions, StopSignal, faults, faults::SmallDisk, packages};

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

/// Runs until the verdict or a signal. The system is stopped in good order unless something was wrong with it: then
/// its logs are kept.
pub(crate) async fn run(arguments: Arguments, may_mount: bool) -> Result<ExitCode> {
    let mut stop = StopSignal::listen()?;
    fs::create_dir_all(&arguments.output)?;
    packages::install_faketime().await;
    let profile = if arguments.release { Profile::Release } else { Profile::Dev };
    judge::build(profile).await?;
    let options = StackOptions {
        profile,
        pubsub: arguments.pubsub,
        ..StackOptions::for_test_with("chaos", &fault::replicas()?)?
    };
    let options = if arguments.ha { options.ha()? } else { options }.with_faults()?;
    let disk = if may_mount {
        Some(SmallDisk::mount(options.directory.path().join("postgres"), DISK)?)
    } else {
        None
    };
    let stack = tokio::select! {
        stack = Stack::start(options) => RwLock::new(stack?),
        () = stop.received() => bail!("stopped before it was ready"),
    };
    let passed = tokio::select! {
        passed = try_system(&stack, &arguments, profile, disk.as_ref()) => Some(passed?),
        () = stop.received() => None,
    };
    if passed == Some(false) {
        return Ok(ExitCode::FAILURE);
    }
    let mut stack = stack.into_inner();
    stack.stop_all().await;
    keep_logs(&stack.directory().logs(), &arguments.output.join("logs"))?;
    // What it has its data on goes before the directory can.
    drop(disk);
    stack.stop().await?;
    passed.map(|_| ExitCode::SUCCESS).context("stopped before the end")
}

/// Lets people work while things break; whether everything promised was kept.
async fn try_system(
    system: &RwLock<Stack>,
    arguments: &Arguments,
    profile: Profile,
    disk: Option<&SmallDisk>,
) -> Result<bool> {
    let (seed, stack) = (arguments.seed, system.read().await);
    let path = arguments.output.join("clients.jsonl");
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

/// Copies the parts' logs to where the report is: how late something was is explained by them only.
fn keep_logs(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// The kinds of faults that this machine can do; the others are named.
fn possible(disk: Option<&SmallDisk>) -> Vec<Kind> {
    let reason = |kind: Kind| match kind {
        Kind::DiskFull if disk.is_none() => Some("only root mounts disks"),
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
