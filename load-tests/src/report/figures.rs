//! One scenario's figures, over all rounds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    cpu::{Group, Usage},
    database::Statement,
    load::Latencies,
    rounds::{Measured, Slice},
    scenarios::Name,
};

/// Of a figure that each round has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) name: Name,
    /// What it is held against.
    pub(crate) limit: Option<Name>,
    pub(crate) requests: usize,
    pub(crate) errors: usize,
    pub(crate) first_error: Option<String>,
    /// Answers a second when as many are sent as the system takes.
    pub(crate) rate: Spread,
    /// That rate, in parts of the limit's in the same round.
    pub(crate) rate_of_limit: Option<Spread>,
    /// Milliseconds of CPU time a request.
    pub(crate) cpu: Cpu,
    /// What is spent up to the answer, in what the limit spends in the same round.
    pub(crate) cpu_of_limit: Option<Spread>,
    pub(crate) latency: Latency,
    /// SQL statements a request, with all that follows from it; none if the server does not count them.
    pub(crate) statements: Option<Spread>,
    /// Transactions that wrote.
    pub(crate) transactions: Spread,
    pub(crate) wal_kb: Spread,
    /// How long after the last answer until the outbox was empty and the audit log complete.
    pub(crate) settled_ms: Spread,
    /// The statements that were run most often, each for a request.
    #[serde(default)]
    pub(crate) statement_list: Vec<Statement>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Cpu {
    /// What is spent, before the last answer, by processes a request waits for. The relay that runs in two of them
    /// meanwhile cannot be told apart, so it is the most that an answer costs.
    pub(crate) answer: Spread,
    /// The rest: by processes no request waits for, and by all after the last answer. The least that follows.
    pub(crate) after: Spread,
    /// Both, by part of the system; medians.
    pub(crate) groups: BTreeMap<Group, f64>,
}

/// In milliseconds, from when a request was to be sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Latency {
    /// Requests a second.
    pub(crate) offered: Spread,
    pub(crate) p50: Spread,
    pub(crate) p90: Spread,
    pub(crate) p99: Spread,
    pub(crate) max: Spread,
    /// Of all rounds together: quantile and milliseconds.
    pub(crate) distribution: Vec<(f64, f64)>,
}

/// Where the distribution is told.
const QUANTILES: [f64; 10] = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.999, 1.0];

impl Spread {
    /// None of nothing.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_unstable_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median = match values.len() {
            0 => return None,
            count if count.is_multiple_of(2) => f64::midpoint(values[middle - 1], values[middle]),
            _ => values[middle],
        };
        Some(Self { min: values[0], median, max: values[values.len() - 1] })
    }

    fn over(slices: &[Slice], figure: impl Fn(&Slice) -> f64) -> Self {
        Self::of(slices.iter().map(figure)).unwrap_or_default()
    }
}

impl Figures {
    /// Of each of these, with those that are limits of others among them.
    pub(crate) fn of_all(measured: &[Measured]) -> Vec<Self> {
        let limit = |name: Name| {
            let limit = name.limit()?;
            measured.iter().find(|other| other.name == limit)
        };
        measured.iter().map(|one| Self::of(one, limit(one.name))).collect()
    }

    fn of(measured: &Measured, limit: Option<&Measured>) -> Self {
        let Measured { name, slices, statements } = measured;
        let against = |figure: fn(&Slice) -> f64| {
            let pairs = slices.iter().zip(&limit?.slices);
            Spread::of(pairs.map(|(own, limit)| figure(own) / figure(limit)))
        };
        let sent = || slices.iter().flat_map(|slice| [&slice.saturated, &slice.paced]);
        Self {
            name: *name,
            limit: limit.map(|limit| limit.name),
            requests: sent().map(|sent| sent.answered).sum(),
            errors: sent().map(|sent| sent.errors.len()).sum(),
            first_error: sent().find_map(|sent| sent.errors.first().cloned()),
            rate: Spread::over(slices, |slice| slice.saturated.per_second()),
            rate_of_limit: against(|slice| slice.saturated.per_second()),
            cpu: Cpu::of(slices),
            cpu_of_limit: against(answer),
            latency: Latency::of(slices),
            statements: Spread::of(
                slices.iter().filter_map(|slice| Some(a_request(slice, slice.statements?))),
            ),
            transactions: Spread::over(slices, |slice| a_request(slice, slice.transactions)),
            wal_kb: Spread::over(slices, |slice| a_request(slice, slice.wal / 1000.0)),
            settled_ms: Spread::over(slices, |slice| slice.settled_after.as_secs_f64() * 1000.0),
            statement_list: statements.clone(),
        }
    }
}

fn a_request(slice: &Slice, sum: f64) -> f64 {
    sum / slice.saturated.answered as f64
}

fn sum(usage: &Usage, wanted: impl Fn(Group) -> bool) -> f64 {
    usage
        .iter()
        .filter(|(group, _)| **group != Group::Driver && wanted(**group))
        .map(|(_, spent)| spent)
        .sum()
}

fn answer(slice: &Slice) -> f64 {
    a_request(slice, sum(&slice.cpu_until_answered, Group::is_before_the_answer))
}

fn after(slice: &Slice) -> f64 {
    let meanwhile = sum(&slice.cpu_until_answered, |group| !group.is_before_the_answer());
    a_request(slice, meanwhile + sum(&slice.cpu_afterwards, |_| true))
}

impl Cpu {
    fn of(slices: &[Slice]) -> Self {
        let mut groups: BTreeMap<Group, Vec<f64>> = BTreeMap::new();
        for slice in slices {
            for (group, spent) in &slice.cpu_until_answered {
                let afterwards = slice.cpu_afterwards.get(group).copied().unwrap_or(0.0);
                groups.entry(*group).or_default().push(a_request(slice, spent + afterwards));
            }
        }
        let medians =
            groups.into_iter().filter_map(|(group, spent)| Some((group, Spread::of(spent)?.median)));
        Self {
            answer: Spread::over(slices, answer),
            after: Spread::over(slices, after),
            groups: medians.collect(),
        }
    }
}

impl Latency {
    fn of(slices: &[Slice]) -> Self {
        let quantile = |quantile: f64| Spread::over(slices, |slice| millis(&slice.latencies, quantile));
        let mut all: Option<Latencies> = None;
        for slice in slices {
            match &mut all {
                None => all = Some(slice.latencies.clone()),
                // They have the same bounds.
                Some(all) => all.add(&slice.latencies).unwrap_or_default(),
            }
        }
        let distribution =
            all.iter().flat_map(|all| QUANTILES.map(|quantile| (quantile, millis(all, quantile)))).collect();
        Self {
            offered: Spread::over(slices, |slice| slice.offered),
            p50: quantile(0.5),
            p90: quantile(0.9),
            p99: quantile(0.99),
            max: quantile(1.0),
            distribution,
        }
    }
}

pub(crate) fn millis(latencies: &Latencies, quantile: f64) -> f64 {
    latencies.value_at_quantile(quantile) as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Sent, latencies};
    use std::time::Duration;

    fn slice(answered: usize, until: Usage, afterwards: Usage) -> Slice {
        let sent = |answered| Sent { elapsed: Duration::from_secs(1), answered, errors: Vec::new() };
        Slice {
            saturated: sent(answered),
            cpu_until_answered: until,
            cpu_afterwards: afterwards,
            settled_after: Duration::from_millis(5),
            statements: Some(2.0 * answered as f64),
            transactions: answered as f64,
            wal: 1500.0 * answered as f64,
            offered: 0.7 * answered as f64,
            paced: sent(0),
            latencies: latencies().unwrap(),
        }
    }

    fn measured(name: Name, slices: Vec<Slice>) -> Measured {
        Measured { name, slices, statements: Vec::new() }
    }

    #[test]
    fn a_ratio_is_that_of_the_same_round() {
        // The machine slows down from round to round; in the last one only the create is disturbed.
        let rounds = |rates: [usize; 3]| rates.map(|rate| slice(rate, Usage::new(), Usage::new())).into();
        let all =
            [measured(Name::NoOp, rounds([400, 200, 100])), measured(Name::Create, rounds([200, 100, 1]))];
        let figures = Figures::of_all(&all);
        assert_eq!(figures[0].rate_of_limit, None);
        assert_eq!(figures[1].limit, Some(Name::NoOp));
        assert_eq!(figures[1].rate_of_limit, Some(Spread { min: 0.01, median: 0.5, max: 0.5 }));
        assert_eq!((figures[1].statements.unwrap().median, figures[1].wal_kb.median), (2.0, 1.5));
    }

    #[test]
    fn what_follows_an_answer_is_told_apart_and_the_driver_is_no_part_of_it() {
        let until = Usage::from([(Group::Backend, 60.0), (Group::Broker, 20.0), (Group::Driver, 900.0)]);
        let afterwards = Usage::from([(Group::Backend, 10.0), (Group::Broker, 10.0), (Group::Driver, 900.0)]);
        let figures = &Figures::of_all(&[measured(Name::Create, vec![slice(100, until, afterwards)])])[0];
        assert_eq!((figures.cpu.answer.median, figures.cpu.after.median), (0.6, 0.4));
        assert_eq!(figures.cpu.groups[&Group::Backend], 0.7);
    }

    #[test]
    fn a_disturbed_round_does_not_move_the_median() {
        assert_eq!(Spread::of([1.0, 9.0, 2.0]), Some(Spread { min: 1.0, median: 2.0, max: 9.0 }));
        assert_eq!(Spread::of([1.0, 2.0]).unwrap().median, 1.5);
        assert_eq!(Spread::of([f64::NAN]), None);
    }
}
