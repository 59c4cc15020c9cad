//! Counts and percentiles.

use chrono::TimeDelta;
use serde::Serialize;

use crate::{
    Evidence,
    clients::{Outcome, Performed},
    outages::Outages,
};

/// How much was done, so that a clean report is one of something.
#[derive(Debug, Default, Serialize)]
pub struct Counts {
    pub accounts: usize,
    pub commands: usize,
    pub accepted: usize,
    pub refused: usize,
    /// Nobody knows what became of them.
    pub unknown: usize,
    /// Sent more than once.
    pub retried: usize,
    pub reads: usize,
    pub tasks: usize,
    pub versions: i64,
    pub audited: usize,
    pub reminders_fired: usize,
    pub reminders_cleared: usize,
    pub reminders_ahead: usize,
    pub notifications: usize,
    pub superseded: usize,
    pub mails_delivered: usize,
    /// In the mailbox.
    pub mails: usize,
    /// More than one for the same delivery, each after an unknown outcome.
    pub mails_again: usize,
    pub series: usize,
    /// Decisions on what follows an instance.
    pub decided: usize,
    pub next_instances: usize,
}

/// Of what was outside of all outages, and of what was not.
#[derive(Debug, Serialize)]
pub struct Split {
    pub outside: Percentiles,
    pub inside: Percentiles,
}

/// By nearest rank; none of nothing.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Percentiles {
    pub count: usize,
    pub p50: Option<f64>,
    pub p99: Option<f64>,
    pub max: Option<f64>,
}

impl Counts {
    pub(super) fn of(evidence: &Evidence) -> Self {
        let Evidence { clients, database, mails, .. } = evidence;
        let (reads, commands): (Vec<&Performed>, Vec<&Performed>) =
            clients.operations.iter().partition(|operation| operation.what.is_read());
        let outcomes =
            |is: fn(&Outcome) -> bool| commands.iter().filter(|command| is(&command.outcome)).count();
        let rows = |status: &str| database.reminders.iter().filter(|row| row.status == status).count();
        let delivered =
            |row: &&crate::evidence::Delivery| row.channel == "email" && row.status == "delivered";
        let mails_delivered = database.deliveries.iter().filter(delivered).count();
        let mut distinct: Vec<&str> = mails.iter().flatten().map(|mail| mail.message_id.as_str()).collect();
        let mails = distinct.len();
        distinct.sort_unstable();
        distinct.dedup();
        let mut series: Vec<_> = database.tasks.iter().filter_map(|task| task.series()).collect();
        series.sort_unstable();
        series.dedup();
        Self {
            accounts: clients.accounts.len(),
            commands: commands.len(),
            accepted: outcomes(|outcome| matches!(outcome, Outcome::Accepted(_))),
            refused: outcomes(|outcome| matches!(outcome, Outcome::Refused(_))),
            unknown: outcomes(|outcome| matches!(outcome, Outcome::Unknown)),
            retried: commands.iter().filter(|command| command.attempts > 1).count(),
            reads: reads.len(),
            tasks: database.tasks.len(),
            versions: database.tasks.iter().map(|task| task.version).sum(),
            audited: database.entries.len(),
            reminders_fired: rows("fired"),
            reminders_cleared: rows("cleared"),
            reminders_ahead: rows("pending"),
            notifications: database.notifications.len(),
            superseded: database.notifications.iter().filter(|one| one.superseded).count(),
            mails_delivered,
            mails,
            mails_again: mails - distinct.len(),
            series: series.len(),
            decided: database.ledger.len(),
            next_instances: database.ledger.iter().filter(|row| row.status == "created").count(),
        }
    }
}

pub(super) fn lateness(evidence: &Evidence, outages: &Outages) -> Split {
    let fired = evidence.database.reminders.iter().filter_map(|row| Some((row.fires_at, row.fired_at?)));
    split(fired, outages)
}

pub(super) fn latency(evidence: &Evidence, outages: &Outages) -> Split {
    let commands = evidence.clients.operations.iter().filter(|operation| !operation.what.is_read());
    let times = commands.filter_map(|operation| Some((operation.first_sent.at, operation.known?.at)));
    split(times, outages)
}

type Instant = chrono::DateTime<chrono::Utc>;

fn split(times: impl Iterator<Item = (Instant, Instant)>, outages: &Outages) -> Split {
    let (inside, outside): (Vec<_>, Vec<_>) = times.partition(|(from, until)| outages.touch(*from, *until));
    let lengths = |times: Vec<(Instant, Instant)>| {
        Percentiles::of(times.into_iter().map(|(from, until)| milliseconds(until - from)).collect())
    };
    Split { outside: lengths(outside), inside: lengths(inside) }
}

fn milliseconds(length: TimeDelta) -> f64 {
    length.num_microseconds().unwrap_or(i64::MAX) as f64 / 1000.0
}

impl Percentiles {
    pub(super) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let rank = |percent: usize| {
            let place = (values.len() * percent).div_ceil(100);
            values.get(place.saturating_sub(1)).copied()
        };
        Self { count: values.len(), p50: rank(50), p99: rank(99), max: values.last().copied() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let found = Percentiles::of((1..=200).rev().map(f64::from).collect());
        assert_eq!(found, Percentiles { count: 200, p50: Some(100.0), p99: Some(198.0), max: Some(200.0) });
        assert_eq!(Percentiles::of(vec![7.0]).p99, Some(7.0));
        assert_eq!(Percentiles::of(Vec::new()), Percentiles::default());
    }
}
