//! `cargo xtask`: sets Almanac up, runs it, tests it. Each command is a file in `commands/`.

mod commands {
    pub(crate) mod backup;
    pub(crate) mod bench;
    pub(crate) mod chaos;
    pub(crate) mod control;
    pub(crate) mod dead_letters;
    pub(crate) mod down;
    pub(crate) mod failures;
    pub(crate) mod lint;
    pub(crate) mod load;
    pub(crate) mod logs;
    pub(crate) mod restore;
    pub(crate) mod roll;
    pub(crate) mod rotate_key;
    pub(crate) mod scale;
    pub(crate) mod status;
    pub(crate) mod test;
    pub(crate) mod up;
    pub(crate) mod upgrade;
}

use std::{
    io::{self, ErrorKind},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::StateDir;

use commands::{
    backup, bench, chaos, dead_letters, down, lint, load, logs, restore, roll, rotate_key, scale, status,
    test, up, upgrade,
};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Sets Almanac up, runs it, tests it")]
struct Arguments {
    /// Where data, logs and secrets are kept [default: target/almanac]
    #[arg(long, global = true, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing, then run everything until Ctrl-C
    Up(up::Options),
    /// Stop everything
    Down(down::Options),
    /// Show what runs, and how many actors live where
    Status(status::Options),
    /// Add or remove replicas, while everything runs
    Scale(scale::Options),
    /// Replace the replicas of an app one by one, without an interruption
    Roll(roll::Options),
    /// Let another key sign access tokens, while everything runs
    RotateKey(rotate_key::Options),
    /// Print the log of a part
    Logs(logs::Options),
    /// List the events that subscribers gave up, or publish them again
    DeadLetters(dead_letters::Options),
    /// Copy the whole database into a file, while everything runs
    Backup(backup::Options),
    /// Set everything back to a backup, while nothing runs
    Restore(restore::Options),
    /// Run all tests, beside whatever runs
    Test(test::Options),
    /// Measure a system of its own, beside whatever runs
    Bench(bench::Options),
    /// Let k6 put load on the system that runs, or on one of its own
    Load(load::Options),
    /// Let things break on a system of its own, and check that nothing is lost or doubled
    Chaos(chaos::Options),
    /// Replace another version's services by this one's under load, on a system of its own
    Upgrade(upgrade::Options),
    /// Check format, lints and dependencies
    Lint,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments).await {
        Ok(code) => code,
        // Whoever read the output, such as `head`, has seen enough.
        Err(error) if error.downcast_ref().is_some_and(|e: &io::Error| e.kind() == ErrorKind::BrokenPipe) => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode> {
    let directory = StateDir::resolve(arguments.state_dir.as_deref())?;
    match arguments.command {
        Command::Up(options) => up::run(directory, options).await,
        Command::Down(options) => down::run(&directory, options).await,
        Command::Status(options) => status::run(&directory, options).await,
        Command::Scale(options) => scale::run(&directory, options).await,
        Command::Roll(options) => roll::run(&directory, options).await,
        Command::RotateKey(options) => rotate_key::run(&directory, options).await,
        Command::Logs(options) => logs::run(&directory, options).await,
        Command::DeadLetters(options) => dead_letters::run(&directory, options).await,
        Command::Backup(options) => backup::run(&directory, options).await,
        Command::Restore(options) => restore::run(&directory, options).await,
        Command::Test(options) => test::run(options).await,
        Command::Bench(options) => bench::run(&directory, options).await,
        Command::Load(options) => load::run(&directory, options).await,
        Command::Chaos(options) => chaos::run(&directory, options).await,
        Command::Upgrade(options) => upgrade::run(options).await,
        Command::Lint => lint::run().await,
    }
}
