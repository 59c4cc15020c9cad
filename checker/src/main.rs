//! `almanac-checker`: reads a run's log and the system it ran on, and says whether what Almanac promises was kept.
//!
//! The database is the one in `DATABASE_URL`. It ends with 0 if it was, with 1 if not, and with 2 if it could not find out.

use std::{fs, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use checker::{Clients, Evidence, Report, log, settle};
use chrono::TimeDelta;
use clap::Parser;
use sqlx::postgres::PgPoolOptions;

#[derive(Parser)]
#[command(about)]
struct Options {
    /// The log the clients wrote
    #[arg(long)]
    log: PathBuf,
    /// How long to wait until all that is owed was done
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    settle: u64,
    /// What is granted after a fault, for the split of the figures and for reminders that were left alone
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    recovery: u32,
    /// Write the report as JSON, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(report) => {
            print!("{report}");
            if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("almanac-checker: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(options: Options) -> Result<Report> {
    let clients = Clients::of(log::read(&options.log)?);
    let database = std::env::var("DATABASE_URL").context("DATABASE_URL names no database")?;
    let pool = PgPoolOptions::new().max_connections(2).connect(&database).await.context("no database")?;
    let settled = settle(&pool, Duration::from_secs(options.settle)).await?;
    let evidence = Evidence::gather(&clients, &pool).await?;
    let report = Report::of(&evidence, &settled, TimeDelta::seconds(options.recovery.into()));
    if let Some(path) = options.json {
        let text = serde_json::to_string_pretty(&report)?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(report)
}
