//! The run: rounds in which every scenario has its slice.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use serde::Serialize;

use crate::{
    api::Api,
    database::Database,
    scenario::{Scenario, Supplies},
    slice::Slice,
};

/// How the time is divided.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Plan {
    pub(crate) rounds: u32,
    #[serde(rename = "slice_seconds", serialize_with = "seconds")]
    pub(crate) slice: Duration,
    pub(crate) concurrency: u32,
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

/// A scenario's slices, one a round.
pub(crate) type Measured = Vec<(Scenario, Vec<Slice>)>;

/// Measures these scenarios, after a round that only warms up.
pub(crate) async fn measure(
    scenarios: &[Scenario],
    plan: &Plan,
    api: &Api,
    supplies: &Arc<Supplies>,
    database: &Database,
) -> Result<Measured> {
    let mut measured: Measured = scenarios.iter().map(|scenario| (*scenario, Vec::new())).collect();
    let mut changes = database.recorded().await?;
    for round in 0..=plan.rounds {
        match round {
            0 => eprintln!("Warming up"),
            round => eprintln!("Round {round} of {}", plan.rounds),
        }
        if round == 1 {
            database.analyze().await?;
        }
        for (scenario, slices) in &mut measured {
            let wal = database.wal_end().await?;
            let mut slice = Slice::measure(*scenario, plan.slice, plan.concurrency, api, supplies).await?;
            changes += slice.latencies.len() * scenario.events();
            slice.settled_after = database.settled(changes).await?;
            slice.wal = database.wal_end().await?.saturating_sub(wal);
            if round > 0 {
                slices.push(slice);
            } else if let Some(error) = slice.errors.first() {
                ensure!(!slice.latencies.is_empty(), "cannot {}: {error}", scenario.name());
            }
        }
    }
    Ok(measured)
}
