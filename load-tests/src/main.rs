//! `load-driver`: measures a running Almanac, as multiples of a no-op actor call in the same run.
//!
//! Absolute figures depend on the machine and on what else it does; what a request costs beside a call that does
//! nothing hardly does. So every scenario is measured in short slices that alternate: what disturbs the machine
//! disturbs them all. `cargo xtask bench` starts a system and runs this on it.
//!
//! A scenario is a variant of [`Scenario`]: its name, and the one request it sends. A worked example, to measure
//! reopening a task: add `Reopen`, give it a name, send `POST …/reopen` in `Scenario::send`, list it in
//! `Scenario::ALL`, and, if it shall be held to something, add a line to [`limits`].
//!
//! ```text
//! main ─▶ System (people, tasks) ─▶ rounds: each Scenario a slice, then Database::settled ─▶ Report
//! ```

mod api;
mod database;
mod limits;
mod people;
mod report;
mod rounds;
mod scenario;
mod slice;

use std::{fs, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use clap::Parser;
use virtual_actors::{Clock, System};

use crate::{
    api::Api,
    database::Database,
    people::People,
    report::Report,
    rounds::Plan,
    scenario::{Scenario, Supplies},
};

/// Measures a running Almanac. The environment's DATABASE_URL is where it keeps its data.
#[derive(Parser)]
struct Arguments {
    /// The REST API, as http://127.0.0.1:8000
    #[arg(long)]
    backend: String,
    /// The HTTP API of the backend's own sidecar
    #[arg(long)]
    sidecar: String,
    /// How long each scenario is measured, in all
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Into how many slices that is divided
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Requests under way at once
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    concurrency: u32,
    /// Measure these only, beside the no-op call: to profile one
    #[arg(long, value_enum, value_delimiter = ',', value_name = "SCENARIO,…")]
    only: Vec<Scenario>,
    /// What ran, for the report
    #[arg(long, default_value = "one replica of each app")]
    setup: String,
    /// Where to leave bench.json and bench.md
    #[arg(long)]
    output: PathBuf,
    /// Fail when a limit is not kept, or a request failed
    #[arg(long)]
    check: bool,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let plan = Plan {
        rounds: arguments.rounds,
        slice: Duration::from_secs(arguments.seconds) / arguments.rounds,
        concurrency: arguments.concurrency,
    };
    let url = std::env::var("DATABASE_URL").context("DATABASE_URL is not set")?;
    let database = Database::connect(&url).await?;
    let api = Api::new(arguments.backend, arguments.sidecar, plan.concurrency as usize)?;
    eprintln!("Registering people and writing their tasks");
    let people = People::register(&api).await?;
    let supplies = Arc::new(Supplies::new(people));

    let wanted = |scenario: &Scenario| {
        *scenario == Scenario::NoOp || arguments.only.is_empty() || arguments.only.contains(scenario)
    };
    let scenarios: Vec<Scenario> = Scenario::ALL.into_iter().filter(wanted).collect();
    let measured = rounds::measure(&scenarios, &plan, &api, &supplies, &database).await?;
    let report = Report::of(&measured, plan, arguments.setup, System.now());
    println!("{}", report.text());
    fs::create_dir_all(&arguments.output)?;
    fs::write(arguments.output.join("bench.json"), serde_json::to_vec_pretty(&report)?)?;
    fs::write(arguments.output.join("bench.md"), report.markdown())?;
    let failed = arguments.check && !report.passed();
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
