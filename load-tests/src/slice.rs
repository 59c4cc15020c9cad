//! A stretch of time in which one scenario is measured.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use tokio::task::JoinSet;

use crate::{
    api::Api,
    scenario::{Scenario, Supplies},
};

/// What was measured. Every latency is kept: there are thousands, not millions.
#[derive(Debug, Default)]
pub(crate) struct Slice {
    pub(crate) elapsed: Duration,
    pub(crate) latencies: Vec<Duration>,
    pub(crate) errors: Vec<String>,
    /// How long the relay and the audit log needed to catch up afterwards.
    pub(crate) settled_after: Duration,
    /// Bytes of write-ahead log.
    pub(crate) wal: u64,
}

impl Slice {
    /// Keeps so many requests under way until the time is over, or nothing is left to send.
    pub(crate) async fn measure(
        scenario: Scenario,
        time: Duration,
        concurrency: u32,
        api: &Api,
        supplies: &Arc<Supplies>,
    ) -> Result<Self> {
        let started = Instant::now();
        let mut workers = JoinSet::new();
        for _ in 0..concurrency {
            workers.spawn(work(scenario, started + time, api.clone(), Arc::clone(supplies)));
        }
        let mut slice = Self::default();
        while let Some(worked) = workers.join_next().await {
            let (latencies, errors) = worked?;
            slice.latencies.extend(latencies);
            slice.errors.extend(errors);
        }
        slice.elapsed = started.elapsed();
        Ok(slice)
    }

    /// Requests that succeeded.
    pub(crate) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }
}

async fn work(
    scenario: Scenario,
    until: Instant,
    api: Api,
    supplies: Arc<Supplies>,
) -> (Vec<Duration>, Vec<String>) {
    let (mut latencies, mut errors) = (Vec::new(), Vec::new());
    while Instant::now() < until {
        let sent = Instant::now();
        match scenario.send(&api, &supplies).await {
            Ok(true) => latencies.push(sent.elapsed()),
            Ok(false) => break,
            Err(error) => errors.push(format!("{error:#}")),
        }
    }
    (latencies, errors)
}
