//! `almanac-chaos`: lets people work with a running Almanac while a schedule of faults is carried out, then has the
//! independent checker judge what came of it.
//!
//! ```text
//! main ─▶ Stack ─┬▶ workload (clients, each logs what it sent and was answered)
//!                └▶ schedule (from the seed) ─▶ inject
//!         all healed ─▶ almanac-checker (log + API + database) ─▶ report
//! ```
//!
//! A fault of a new kind is a variant of `fault::Kind` and an arm in `inject.rs`; a client of a new kind is a file in
//! `workload/`. `cargo xtask chaos` builds and runs this.

mod fault;
mod inject;
mod judge;
mod run;
mod schedule;
mod workload;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Parser;
use nix::{
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
};
use xtask::Pubsub;

/// Runs Almanac with faults, and checks that nothing was lost or doubled.
#[derive(Clone, Debug, Parser)]
#[command(override_usage = "cargo xtask chaos [OPTIONS]")]
pub(crate) struct Arguments {
    /// Which faults, and what people do, follows from this
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How long people work and things break
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// The broker
    #[arg(long, default_value = "redis", value_name = "redis|kafka")]
    pubsub: Pubsub,
    /// Run three instances of placement and of the scheduler
    #[arg(long)]
    ha: bool,
    /// Run optimised services
    #[arg(long)]
    release: bool,
    /// How many reminders shall fire at least; ten a minute and person unless given
    #[arg(long)]
    reminders: Option<usize>,
    /// How many people there are
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..))]
    people: u16,
    #[arg(long, default_value_t = 6.0)]
    faults_per_minute: f64,
    /// Where to leave the clients' log, the report and the parts' logs: said by `cargo xtask chaos`
    #[arg(long, hide = true)]
    output: PathBuf,
}

impl Arguments {
    /// What to type to do the same again.
    fn command(&self) -> String {
        let Self { seed, minutes, pubsub, people, faults_per_minute, .. } = self;
        let flag = |set, flag| if set { flag } else { "" };
        let (ha, release) = (flag(self.ha, " --ha"), flag(self.release, " --release"));
        format!(
            "cargo xtask chaos --seed {seed} --minutes {minutes} --pubsub {} --people {people} \
             --reminders {} --faults-per-minute {faults_per_minute}{ha}{release}",
            pubsub.name(),
            self.reminders()
        )
    }

    fn reminders(&self) -> usize {
        let usual = self.minutes * 10.0 * f64::from(self.people);
        self.reminders.unwrap_or(usual.ceil() as usize)
    }
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    // Before there are threads, for it holds for the calling one and those it starts.
    let may_mount = mounts_of_our_own();
    tokio::runtime::Runtime::new()?.block_on(run::run(arguments, may_mount))
}

/// Makes what is mounted from here on invisible to others, and go away with the last process of this run. False where
/// this is not allowed.
fn mounts_of_our_own() -> bool {
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    unshare(CloneFlags::CLONE_NEWNS).is_ok()
        && mount(None::<&str>, "/", None::<&str>, private, None::<&str>).is_ok()
}
