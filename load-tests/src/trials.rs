//! What is not one request: reminders, events, memory, starting. Each is a file that gives a [`Trial`].

mod events;
mod memory;
mod reminders;
mod startup;

use anyhow::Result;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::{
    load::{Latencies, latencies, micros},
    report::Spread,
    world::World,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Name {
    Startup,
    Memory,
    Events,
    /// All due in one instant.
    Reminders,
    RemindersSteady,
}

/// How large the trials are.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Sizes {
    /// Reminders of as many people, all due in one instant
    #[arg(long, default_value_t = 2_000)]
    pub(crate) reminders: usize,
    /// Reminders that come due each second
    #[arg(long, default_value_t = 100)]
    pub(crate) reminders_per_second: usize,
    /// Actors brought into memory
    #[arg(long, default_value_t = 10_000)]
    pub(crate) actors: usize,
    /// How long the whole system took to start, each time, in seconds
    #[arg(long, value_delimiter = ',')]
    pub(crate) started_in: Vec<f64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Trial {
    pub(crate) name: Name,
    pub(crate) title: String,
    pub(crate) figures: Vec<Figure>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Figure {
    pub(crate) what: String,
    pub(crate) unit: String,
    pub(crate) value: f64,
    /// The same of the bare runtime in this run, if that can be told.
    #[serde(default)]
    pub(crate) limit: Option<f64>,
}

impl Name {
    pub(crate) fn chosen(only: &[Self], everything: bool) -> Vec<Self> {
        let wanted = |name: &Self| everything || only.contains(name);
        Self::value_variants().iter().copied().filter(wanted).collect()
    }

    /// Makes the trial, which leaves nothing to do for the next one.
    pub(crate) async fn run(self, world: &World, sizes: &Sizes) -> Result<Trial> {
        let (title, figures) = match self {
            Self::Startup => ("Starting everything".to_owned(), startup::figures(sizes)),
            Self::Memory => {
                (format!("Memory of {} actors", sizes.actors), memory::measure(world, sizes.actors).await?)
            }
            Self::Events => {
                ("Events, from the turn that decided them".to_owned(), events::measure(world).await?)
            }
            Self::Reminders => (
                format!("Reminders of {} people, due in one instant", sizes.reminders),
                reminders::at_once(world, sizes.reminders).await?,
            ),
            Self::RemindersSteady => (
                format!("Reminders of as many people, {} a second", sizes.reminders_per_second),
                reminders::steady(world, sizes.reminders_per_second).await?,
            ),
        };
        world.database.settled(0).await?;
        Ok(Trial { name: self, title, figures })
    }
}

impl Trial {
    pub(crate) fn text(&self) -> String {
        let lines: Vec<_> = self.figures.iter().map(|figure| format!("  {}", figure.text())).collect();
        format!("{}\n{}", self.title, lines.join("\n"))
    }
}

impl Figure {
    fn new(what: impl Into<String>, unit: &str, value: f64) -> Self {
        Self { what: what.into(), unit: unit.to_owned(), value, limit: None }
    }

    fn beside(self, limit: f64) -> Self {
        Self { limit: Some(limit), ..self }
    }

    pub(crate) fn text(&self) -> String {
        let Self { what, unit, value, limit } = self;
        let digits = if value.abs() >= 100.0 { 0 } else { 2 };
        let beside = limit.map(|limit| format!(": {:.2} times the bare runtime's {limit:.2}", value / limit));
        format!("{what}: {value:.digits$} {unit}{}", beside.unwrap_or_default())
    }

    /// The middle and the end of a distribution.
    fn of_latencies(what: &str, millis: impl IntoIterator<Item = f64>) -> Result<Vec<Self>> {
        let mut all: Latencies = latencies()?;
        for value in millis {
            all.saturating_record(micros(std::time::Duration::from_secs_f64((value / 1000.0).max(0.0))));
        }
        let quantile = |(name, quantile): (&str, f64)| {
            Self::new(format!("{what}, {name}"), "ms", all.value_at_quantile(quantile) as f64 / 1000.0)
        };
        Ok([("p50", 0.5), ("p99", 0.99), ("the latest", 1.0)].map(quantile).into())
    }

    fn of_spread(what: &str, unit: &str, spread: Spread) -> Vec<Self> {
        let Spread { min, median, max } = spread;
        [("shortest", min), ("median", median), ("longest", max)]
            .map(|(name, value)| Self::new(format!("{what}, {name}"), unit, value))
            .into()
    }
}
