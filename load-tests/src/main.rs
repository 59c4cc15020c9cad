//! `load-driver`: measures a running Almanac, each figure beside its limit in the same run.
//!
//! Absolute figures depend on the machine and on what else it does; what a request costs beside one that does nothing
//! hardly does. So every scenario is measured in short slices that alternate: what disturbs the machine disturbs them
//! all. In one half of a slice as many requests are under way as the system takes, for rates and CPU time; in the other
//! they come at random at a part of that rate, for latencies. `cargo xtask bench` starts a system and runs this on it.
//!
//! ```text
//! main ─▶ World ─▶ rounds: each Scenario a slice ─▶ trials ─▶ Report ─▶ bench.json, tables, plots
//!                    └─ load (requests) · cpu (/proc) · database (statements, caught up?)
//! ```
//!
//! The limits themselves are another program, `load-limits`, that stands in the backend's place.

mod api;
mod compare;
mod cpu;
mod database;
mod growth;
mod limits;
mod load;
mod report;
mod rounds;
mod running;
mod scenarios;
mod trials;
mod world;

use std::{path::PathBuf, process::ExitCode, str::FromStr, sync::Arc};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use virtual_actors::{Clock, System};

use crate::{
    api::Api,
    compare::compare,
    database::Database,
    limits::Limits,
    report::{FORMAT, Figures, Plan, Report},
    running::Running,
    world::World,
};

#[derive(Parser)]
#[command(about = "Measures a running Almanac")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures a system. The environment's DATABASE_URL is where it keeps its data
    Measure(Measure),
    /// Puts the reports in the folders of a directory side by side
    Growth { directory: PathBuf },
    /// Fails if one of these is no name of something that is measured
    Names { names: Vec<What> },
}

#[derive(clap::Args)]
struct Measure {
    /// What the system's supervisor writes down of it
    #[arg(long)]
    state_file: PathBuf,
    /// How long each scenario is measured, in all
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Into how many rounds that is divided
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Requests under way at once
    #[arg(long, default_value_t = 16)]
    concurrency: usize,
    /// Latencies are measured at this part of the rate
    #[arg(long, default_value_t = 0.7)]
    load: f64,
    /// Measure these only, and their limits
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    only: Vec<What>,
    /// How many people the mixed load has
    #[arg(long, default_value_t = 1_000)]
    people: usize,
    /// Fill the table of tasks up to so many rows before
    #[arg(long, default_value_t = 0)]
    tasks: usize,
    #[command(flatten)]
    sizes: trials::Sizes,
    /// Where to leave bench.json, bench.md and plots
    #[arg(long)]
    output: PathBuf,
    /// Fail if a guarded scenario costs more CPU time beside its limit than in this report
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
}

/// Something to measure, by its name.
#[derive(Clone, Copy, Debug)]
enum What {
    Scenario(scenarios::Name),
    Trial(trials::Name),
}

impl FromStr for What {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let scenario = scenarios::Name::from_str(text, false).map(Self::Scenario);
        scenario.or_else(|_| trials::Name::from_str(text, false).map(Self::Trial)).map_err(|_| {
            let scenarios = scenarios::Name::value_variants().iter().filter_map(ValueEnum::to_possible_value);
            let trials = trials::Name::value_variants().iter().filter_map(ValueEnum::to_possible_value);
            let names: Vec<_> = scenarios.chain(trials).map(|value| value.get_name().to_owned()).collect();
            format!("it is none of {}", names.join(", "))
        })
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    match Arguments::parse().command {
        Command::Measure(options) => measure(options).await,
        Command::Growth { directory } => {
            println!("{}", growth::table(&directory)?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Names { .. } => Ok(ExitCode::SUCCESS),
    }
}

async fn measure(options: Measure) -> Result<ExitCode> {
    let base = options.compare.as_deref().map(Report::read).transpose()?;
    let only = match (&base, options.only.is_empty()) {
        (Some(_), true) => compare::GUARDED.map(What::Scenario).into(),
        _ => options.only.clone(),
    };
    let plan = Plan {
        seconds: options.seconds,
        rounds: options.rounds,
        concurrency: options.concurrency,
        load: options.load,
    };
    ensure!(plan.seconds > 0.0 && plan.load > 0.0 && plan.concurrency > 0, "it cannot take no time at all");
    let report = report(&options, &only, plan).await?;
    println!("{}", report.text());
    report.write(&options.output)?;

    let mut passed = report.errors() == 0;
    if let Some(base) = base {
        ensure!(base.optimized == report.optimized, "only one of the two reports is of optimized programs");
        let (compared, worse) = compare(&base, &report);
        ensure!(!compared.is_empty(), "the two reports have nothing guarded in common");
        compared.iter().for_each(|figure| println!("{figure}"));
        worse.iter().for_each(|figure| println!("{figure}"));
        passed &= worse.is_empty();
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn report(options: &Measure, only: &[What], plan: Plan) -> Result<Report> {
    let url = std::env::var("DATABASE_URL").context("DATABASE_URL is not set")?;
    let database = Database::connect(&url).await?;
    let running = Running::read(&options.state_file)?;
    let limits = Limits::start(&url, &running.backend_sidecar()?).await?;
    let api = Api::new(running.backends(), &limits.url, plan.concurrency * 4)?;
    let setup = running.setup();
    let world = Arc::new(World::new(api, database, running, limits.pid, options.people).await?);
    world.fill(options.tasks).await?;

    let everything = only.is_empty();
    let scenario = |what: &What| if let What::Scenario(name) = what { Some(*name) } else { None };
    let trial = |what: &What| if let What::Trial(name) = what { Some(*name) } else { None };
    let names: Vec<_> = only.iter().filter_map(scenario).collect();
    let measured = rounds::measure(&scenarios::Name::chosen(&names, everything), &plan, &world).await?;
    let names: Vec<_> = only.iter().filter_map(trial).collect();
    let mut trials = Vec::new();
    for name in trials::Name::chosen(&names, everything) {
        eprintln!("Trying: {}", name.to_possible_value().as_ref().map_or("", |value| value.get_name()));
        trials.push(name.run(&world, &options.sizes).await?);
    }
    Ok(Report {
        format: FORMAT.to_owned(),
        at: System.now(),
        setup,
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        tasks: world.database.tasks().await?,
        optimized: !cfg!(debug_assertions),
        plan,
        scenarios: Figures::of_all(&measured),
        trials,
    })
}
