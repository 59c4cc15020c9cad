//! What a run came to: `bench.json`, whose shape this is. docs/benchmarks.md explains the members; one that is removed,
//! or means something else, raises [`FORMAT`].

mod figures;
pub(crate) mod plots;
mod text;

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub(crate) use self::{
    figures::{Figures, Spread},
    text::whole,
};
use crate::trials::Trial;

pub(crate) const FORMAT: &str = "almanac-bench/1";

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) format: String,
    pub(crate) at: DateTime<Utc>,
    /// What ran.
    pub(crate) setup: String,
    pub(crate) cores: usize,
    /// Whether driver and services were.
    pub(crate) optimized: bool,
    /// Rows in the table of tasks at the end.
    pub(crate) tasks: usize,
    pub(crate) plan: Plan,
    pub(crate) scenarios: Vec<Figures>,
    #[serde(default)]
    pub(crate) trials: Vec<Trial>,
}

/// How the time is divided.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Each scenario's, in all.
    pub(crate) seconds: f64,
    pub(crate) rounds: u32,
    /// Requests under way at once, while as many are sent as the system takes.
    pub(crate) concurrency: usize,
    /// The part of that rate at which latencies are measured.
    pub(crate) load: f64,
}

impl Plan {
    pub(crate) fn slice(&self) -> Duration {
        Duration::from_secs_f64(self.seconds) / self.rounds
    }
}

impl Report {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let report: Self =
            serde_json::from_slice(&text).with_context(|| format!("{} is no report", path.display()))?;
        ensure!(report.format == FORMAT, "{} is {}, not {FORMAT}", path.display(), report.format);
        Ok(report)
    }

    /// Leaves `bench.json`, `bench.md` and the plots there.
    pub(crate) fn write(&self, output: &Path) -> Result<()> {
        fs::create_dir_all(output)?;
        fs::write(output.join("bench.json"), serde_json::to_vec_pretty(self)?)?;
        fs::write(output.join("bench.md"), self.markdown())?;
        plots::write(self, output)
    }

    pub(crate) fn errors(&self) -> usize {
        self.scenarios.iter().map(|figures| figures.errors).sum()
    }
}
