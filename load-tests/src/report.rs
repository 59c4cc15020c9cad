//! What the run came to: figures, and which limits they keep.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    limits::{LIMITS, Limit},
    rounds::{Measured, Plan},
    scenario::Scenario,
    slice::Slice,
};

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    at: DateTime<Utc>,
    setup: String,
    cores: usize,
    #[serde(flatten)]
    plan: Plan,
    /// The slowest and the fastest round of the no-op call, per second: how quiet the machine was.
    no_op_between: (f64, f64),
    figures: Vec<Figures>,
    verdicts: Vec<Verdict>,
}

/// One scenario's figures.
#[derive(Debug, Serialize)]
struct Figures {
    scenario: Scenario,
    requests: usize,
    errors: usize,
    first_error: Option<String>,
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// In no-op calls of the same round; the median of all rounds.
    cost: f64,
    /// Kilobytes of write-ahead log a request.
    wal_kb: f64,
    /// How long the relay and the audit log needed to catch up after a slice; the median.
    settled_after_ms: f64,
}

#[derive(Debug, Serialize)]
struct Verdict {
    scenario: Scenario,
    cost: f64,
    most: f64,
    kept: bool,
    because: &'static str,
}

impl Report {
    pub(crate) fn of(measured: &Measured, plan: Plan, setup: String, at: DateTime<Utc>) -> Self {
        let no_op = rates(measured, Scenario::NoOp);
        let figures: Vec<Figures> =
            measured.iter().map(|(scenario, slices)| Figures::of(*scenario, slices, &no_op)).collect();
        let verdicts = LIMITS.iter().filter_map(|limit| Verdict::of(limit, &figures)).collect();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let no_op_between = no_op
            .iter()
            .fold((f64::MAX, 0.0), |(low, high): (f64, f64), rate| (low.min(*rate), high.max(*rate)));
        Self { at, setup, cores, plan, no_op_between, figures, verdicts }
    }

    /// Whether every limit is kept and no request failed.
    pub(crate) fn passed(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.kept) && self.figures.iter().all(|row| row.errors == 0)
    }

    /// For the terminal.
    pub(crate) fn text(&self) -> String {
        let mut rows = vec![HEAD.map(str::to_owned)];
        rows.extend(self.figures.iter().map(Figures::cells));
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; COLUMNS] = std::array::from_fn(width);
        let line = |row: &[String; COLUMNS]| {
            let [name, numbers @ ..] = row;
            let mut line = format!("{name:width$}", width = widths[0]);
            for (cell, width) in numbers.iter().zip(&widths[1..]) {
                line.push_str(&format!("  {cell:>width$}"));
            }
            line
        };
        let table = rows.iter().map(line).collect::<Vec<_>>().join("\n");
        let errors = self.figures.iter().filter_map(|row| {
            Some(format!("{}: {} failed: {}", row.scenario.name(), row.errors, row.first_error.as_ref()?))
        });
        let notes: Vec<String> = errors.chain(self.verdicts.iter().map(Verdict::line)).collect();
        format!("\n{table}\n\n{}\n\n{}", self.circumstances(), notes.join("\n"))
    }

    /// For the book.
    pub(crate) fn markdown(&self) -> String {
        let row = |cells: &[String; COLUMNS]| format!("| {} |\n", cells.join(" | "));
        let mut table = row(&HEAD.map(str::to_owned));
        table.push_str(&format!("|---|{}\n", "---:|".repeat(COLUMNS - 1)));
        self.figures.iter().for_each(|figures| table.push_str(&row(&figures.cells())));
        let limits: String = self.verdicts.iter().map(|verdict| format!("- {}\n", verdict.line())).collect();
        format!(
            "# Figures\n\nWritten by `cargo xtask bench --record`, on {}. {EXPLANATION}\n\n{}\n\n{table}\n\
             ## Limits\n\n{limits}",
            self.at.format("%Y-%m-%d"),
            self.circumstances(),
        )
    }

    fn circumstances(&self) -> String {
        let Self { plan, setup, cores, no_op_between: (low, high), .. } = self;
        format!(
            "{cores} cores for everything, the driver included; {setup}; {} requests at once; {} slices of \
             {:.1} s each. The no-op call ran {} to {} times a second from round to round.",
            plan.concurrency,
            plan.rounds,
            plan.slice.as_secs_f64(),
            whole(*low),
            whole(*high),
        )
    }
}

const EXPLANATION: &str = "\
Cost is the time of a request in no-op actor calls of the same round: a call through the backend's sidecar and the \
actors' sidecar to a `Task` actor that has no such method. WAL is what PostgreSQL wrote to its log for a request, with \
all that follows from it: the outbox, the audit log. Settled is how long after a slice until the outbox was empty and \
the audit log complete.";

const COLUMNS: usize = 8;
const HEAD: [&str; COLUMNS] =
    ["", "per second", "p50 ms", "p99 ms", "errors", "cost", "WAL kB", "settled ms"];

impl Figures {
    fn of(scenario: Scenario, slices: &[Slice], no_op: &[f64]) -> Self {
        let mut latencies: Vec<Duration> =
            slices.iter().flat_map(|slice| slice.latencies.iter().copied()).collect();
        latencies.sort_unstable();
        let requests = latencies.len();
        let elapsed: f64 = slices.iter().map(|slice| slice.elapsed.as_secs_f64()).sum();
        let wal: u64 = slices.iter().map(|slice| slice.wal).sum();
        let costs = slices.iter().zip(no_op).map(|(slice, no_op)| no_op / slice.per_second());
        let settled = slices.iter().map(|slice| millis(slice.settled_after));
        Self {
            scenario,
            requests,
            errors: slices.iter().map(|slice| slice.errors.len()).sum(),
            first_error: slices.iter().find_map(|slice| slice.errors.first().cloned()),
            per_second: requests as f64 / elapsed,
            p50_ms: percentile(&latencies, 50),
            p99_ms: percentile(&latencies, 99),
            cost: median(costs.collect()),
            wal_kb: wal as f64 / 1024.0 / requests as f64,
            settled_after_ms: median(settled.collect()),
        }
    }

    fn cells(&self) -> [String; COLUMNS] {
        [
            self.scenario.name().to_owned(),
            whole(self.per_second),
            format!("{:.1}", self.p50_ms),
            format!("{:.1}", self.p99_ms),
            self.errors.to_string(),
            format!("{:.2}", self.cost),
            format!("{:.1}", self.wal_kb),
            whole(self.settled_after_ms),
        ]
    }
}

impl Verdict {
    fn of(limit: &Limit, figures: &[Figures]) -> Option<Self> {
        let cost = figures.iter().find(|figures| figures.scenario == limit.scenario)?.cost;
        let Limit { scenario, most, because } = *limit;
        Some(Self { scenario, cost, most, kept: cost <= most, because })
    }

    fn line(&self) -> String {
        let Self { scenario, cost, most, kept, because } = self;
        let verdict = if *kept { "kept" } else { "NOT KEPT" };
        format!("{verdict}: {}, {cost:.1} no-op calls, at most {most}: {because}", scenario.name())
    }
}

fn rates(measured: &Measured, wanted: Scenario) -> Vec<f64> {
    let slices = measured.iter().filter(|(scenario, _)| *scenario == wanted).flat_map(|(_, slices)| slices);
    slices.map(Slice::per_second).collect()
}

/// Of values in order, by the nearest rank; 0 of none.
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).map_or(0.0, |latency| millis(*latency))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        count if count % 2 == 0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// A whole number with its thousands apart.
fn whole(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(requests: u64, seconds: u64) -> Slice {
        let latencies = (1..=requests).map(Duration::from_millis).collect();
        Slice { elapsed: Duration::from_secs(seconds), latencies, ..Slice::default() }
    }

    fn plan() -> Plan {
        Plan { rounds: 3, slice: Duration::from_secs(1), concurrency: 16 }
    }

    #[test]
    fn a_cost_is_that_of_the_same_round_and_one_disturbed_round_does_not_count() {
        // The machine slows down from round to round; in the last one only the create is disturbed.
        let measured: Measured = vec![
            (Scenario::NoOp, vec![slice(400, 1), slice(200, 1), slice(100, 1)]),
            (Scenario::Create, vec![slice(100, 1), slice(50, 1), slice(1, 1)]),
        ];
        let report = Report::of(&measured, plan(), "a test".into(), DateTime::UNIX_EPOCH);
        assert_eq!(report.figures.iter().map(|row| row.cost).collect::<Vec<_>>(), [1.0, 4.0]);
        assert_eq!(report.no_op_between, (100.0, 400.0));
    }

    #[test]
    fn percentiles_are_by_the_nearest_rank() {
        let latencies: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!((percentile(&latencies, 50), percentile(&latencies, 99)), (100.0, 198.0));
        assert_eq!((percentile(&latencies[..1], 99), percentile(&[], 50)), (1.0, 0.0));
    }

    #[test]
    fn a_limit_that_is_not_kept_and_a_request_that_failed_are_told() {
        let limit = Limit { scenario: Scenario::Create, most: 3.0, because: "a test" };
        let no_op = [400.0];
        let dear = Figures::of(Scenario::Create, &[slice(100, 1)], &no_op);
        let cheap = Figures::of(Scenario::Create, &[slice(200, 1)], &no_op);
        assert!(!Verdict::of(&limit, &[dear]).unwrap().kept);
        assert!(Verdict::of(&limit, &[cheap]).unwrap().kept);

        let failed = Slice { errors: vec!["503".into()], ..slice(1, 1) };
        let measured: Measured = vec![(Scenario::NoOp, vec![failed])];
        let report = Report::of(&measured, plan(), "a test".into(), DateTime::UNIX_EPOCH);
        assert!(!report.passed());
        assert!(report.text().contains("no-op actor call: 1 failed: 503"));
    }

    #[test]
    fn large_numbers_are_readable() {
        assert_eq!([0.4, 999.0, 1000.0, 1_234_567.0].map(whole), ["0", "999", "1,000", "1,234,567"]);
    }
}
