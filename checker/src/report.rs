//! What came of it, for people and for programs.

mod figures;
mod text;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::Serialize;

pub use self::figures::{Counts, Percentiles, Split};
use crate::{Evidence, Settled, Violation, checks, evidence::Host, log::Run, outages::Outages};

/// The outcome of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    pub run: Run,
    pub seconds: i64,
    pub settled_after_ms: u128,
    /// What was still to be done when the time to settle was over.
    pub still_owed: Option<String>,
    /// What is granted after a fault, in seconds.
    pub recovery_s: i64,
    pub counts: Counts,
    pub faults: BTreeMap<String, usize>,
    /// From the instant planned to the firing, in milliseconds.
    pub reminder_lateness_ms: Split,
    /// From the first try to the answer, in milliseconds.
    pub command_latency_ms: Split,
    pub hosts: Vec<Host>,
    pub rules: usize,
    pub violations: Vec<Violation>,
}

impl Report {
    /// Judges the evidence.
    pub fn of(evidence: &Evidence, settled: &Settled, recovery: TimeDelta) -> Self {
        let clients = &evidence.clients;
        let outages = Outages::of(&clients.faults, recovery);
        let mut faults = BTreeMap::new();
        for fault in &clients.faults {
            *faults.entry(fault.kind.clone()).or_default() += 1;
        }
        Self {
            run: clients.run.clone(),
            seconds: clients.span.map_or(0, |(from, until)| (until - from).num_seconds()),
            settled_after_ms: settled.after.as_millis(),
            still_owed: settled.owed.clone(),
            recovery_s: recovery.num_seconds(),
            counts: Counts::of(evidence),
            faults,
            reminder_lateness_ms: figures::lateness(evidence, &outages),
            command_latency_ms: figures::latency(evidence, &outages),
            hosts: evidence.hosts.clone(),
            rules: checks::RULES.iter().map(|rules| rules.len()).sum(),
            violations: checks::all(evidence, recovery),
        }
    }

    pub fn passed(&self) -> bool {
        self.violations.is_empty()
    }
}
