//! What clients noticed, step by step.

use std::{fmt, time::Duration};

/// What clients noticed for a while.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) requests: usize,
    /// Times a request was sent again because of a 503 or a broken connection.
    pub(crate) retries: usize,
    /// Requests that were answered wrongly, or not at all.
    pub(crate) errors: Vec<String>,
    /// From the first time a request was sent to its answer.
    pub(crate) longest: Duration,
}

/// A table, for `docs/upgrades.md`.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<(String, Tally)>);

impl Report {
    pub(crate) fn step(&mut self, name: String, tally: Tally) {
        eprintln!("{name}: {} requests, {} errors", tally.requests, tally.errors.len());
        tally.errors.iter().for_each(|error| eprintln!("  {error}"));
        self.0.push((name, tally));
    }

    pub(crate) fn errors(&self) -> usize {
        self.0.iter().map(|(_, tally)| tally.errors.len()).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| until | requests | sent again | errors | longest ms |\n|---|---|---|---|---|")?;
        for (name, Tally { requests, retries, errors, longest }) in &self.0 {
            let (errors, longest) = (errors.len(), longest.as_millis());
            writeln!(f, "| {name} | {requests} | {retries} | {errors} | {longest} |")?;
        }
        Ok(())
    }
}
