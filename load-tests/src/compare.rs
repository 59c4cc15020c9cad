//! Whether this run is worse than another one, on whatever machine that was.
//!
//! What is compared is CPU time in parts of what the limit spends in the same run, never a time: a faster machine spends
//! less on both. What else the machine does can only add to it, by caches that are not warm; so a figure counts as
//! worse only if its best round is [`TOLERANCE`] times the other run's median.

use crate::{
    report::{Figures, Report, Spread},
    scenarios::Name,
};

/// Two runs of the same programs differ by a tenth to a fifth on a machine that does something else, and what this is
/// to find, a statement or a round trip more, costs a third at least.
pub(crate) const TOLERANCE: f64 = 1.35;

/// What is guarded: one of each kind, cheap enough for every change.
pub(crate) const GUARDED: [Name; 5] = [Name::Create, Name::Update, Name::Complete, Name::Get, Name::List];

/// A figure of both runs.
#[derive(Debug, PartialEq)]
pub(crate) struct Compared {
    pub(crate) name: Name,
    what: &'static str,
    before: f64,
    now: f64,
}

/// Why a scenario did not pass.
#[derive(Debug, PartialEq)]
pub(crate) enum Worse {
    Dearer(Compared),
    Failed(Name, usize),
    /// The other run has it.
    NotMeasured(Name),
}

impl std::fmt::Display for Compared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, what, before, now } = self;
        write!(formatter, "{name}: CPU time {what}: {now:.2} of its limit's, was {before:.2}")
    }
}

impl std::fmt::Display for Worse {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Dearer(compared) => {
                let times = compared.now / compared.before;
                write!(formatter, "WORSE: {compared}: {times:.2} times, more than {TOLERANCE}")
            }
            Self::Failed(name, errors) => write!(formatter, "WORSE: {name}: {errors} requests failed"),
            Self::NotMeasured(name) => write!(formatter, "WORSE: {name} was not measured"),
        }
    }
}

impl Compared {
    fn is_worse(&self) -> bool {
        self.now > self.before * TOLERANCE
    }
}

/// Every guarded figure that both runs have, and what got worse.
pub(crate) fn compare(base: &Report, now: &Report) -> (Vec<Compared>, Vec<Worse>) {
    let (mut compared, mut worse) = (Vec::new(), Vec::new());
    for name in GUARDED {
        let Some(before) = of(base, name) else { continue };
        let Some(now_is) = of(now, name) else {
            worse.push(Worse::NotMeasured(name));
            continue;
        };
        if now_is.errors > 0 {
            worse.push(Worse::Failed(name, now_is.errors));
        }
        for (what, figure) in FIGURES {
            let (Some(before), Some(now)) = (figure(base, before), figure(now, now_is)) else {
                continue;
            };
            let figure = |now| Compared { name, what, before: before.median, now };
            if figure(now.min).is_worse() {
                worse.push(Worse::Dearer(figure(now.min)));
            }
            compared.push(figure(now.median));
        }
    }
    (compared, worse)
}

type Relative = fn(&Report, &Figures) -> Option<Spread>;

const FIGURES: [(&str, Relative); 2] =
    [("up to the answer", |_, figures| figures.cpu_of_limit), ("in all", in_all)];

/// With what follows. The limit has nothing that follows, so its answer is all of it.
fn in_all(report: &Report, figures: &Figures) -> Option<Spread> {
    let limit = of(report, figures.limit?)?.cpu.answer.median;
    let sum = |of: fn(&Spread) -> f64| (of(&figures.cpu.answer) + of(&figures.cpu.after)) / limit;
    (limit > 0.0).then(|| Spread { min: sum(|s| s.min), median: sum(|s| s.median), max: sum(|s| s.max) })
}

fn of(report: &Report, name: Name) -> Option<&Figures> {
    report.scenarios.iter().find(|figures| figures.name == name)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::report::{FORMAT, Plan};

    fn spread(min: f64, median: f64) -> Spread {
        Spread { min, median, max: median * 2.0 }
    }

    /// A create that costs so much, where the no-op costs `no_op`.
    fn report(no_op: f64, create: Spread, after: f64) -> Report {
        let figures = |name: Name, answer: Spread, after: f64| {
            let mut figures: Figures = serde_json::from_value(serde_json::json!({
                "name": name, "limit": name.limit(), "requests": 100, "errors": 0, "first_error": null,
                "rate": Spread::default(), "rate_of_limit": null, "cpu_of_limit": null, "statements": null,
                "cpu": { "answer": answer, "after": spread(after, after), "groups": {} },
                "latency": { "offered": Spread::default(), "p50": Spread::default(), "p90": Spread::default(),
                    "p99": Spread::default(), "max": Spread::default(), "distribution": [] },
                "transactions": Spread::default(), "wal_kb": Spread::default(), "settled_ms": Spread::default(),
            }))
            .unwrap();
            figures.cpu_of_limit = name.limit().map(|_| spread(answer.min / no_op, answer.median / no_op));
            figures
        };
        Report {
            format: FORMAT.into(),
            at: DateTime::UNIX_EPOCH,
            setup: "a test".into(),
            cores: 2,
            optimized: true,
            tasks: 0,
            plan: Plan { seconds: 3.0, rounds: 3, concurrency: 16, load: 0.7 },
            scenarios: vec![
                figures(Name::NoOp, spread(no_op, no_op), 0.0),
                figures(Name::Create, create, after),
            ],
            trials: vec![],
        }
    }

    fn names(worse: &[Worse]) -> Vec<String> {
        worse.iter().map(Worse::to_string).collect()
    }

    #[test]
    fn a_machine_of_another_speed_is_no_regression() {
        let base = report(0.5, spread(1.0, 1.0), 1.0);
        let slower = report(1.5, spread(3.0, 3.0), 3.0);
        assert_eq!(compare(&base, &slower).1, []);
        assert_eq!(compare(&slower, &base).1, []);
        assert_eq!(compare(&base, &slower).0.len(), 2);
    }

    #[test]
    fn what_costs_more_beside_the_same_limit_is_named() {
        let base = report(0.5, spread(1.0, 1.0), 1.0);
        let dearer = report(0.5, spread(1.5, 1.6), 1.0);
        let worse = names(&compare(&base, &dearer).1);
        assert_eq!(
            worse,
            [
                "WORSE: create: CPU time up to the answer: 3.00 of its limit's, was 2.00: 1.50 times, more than 1.35"
            ]
        );
    }

    #[test]
    fn what_costs_more_after_the_answer_is_named_too() {
        let base = report(0.5, spread(1.0, 1.0), 1.0);
        let worse = names(&compare(&base, &report(0.5, spread(1.0, 1.0), 2.0)).1);
        assert_eq!(worse.len(), 1);
        assert!(worse[0].contains("in all"), "{worse:?}");
    }

    #[test]
    fn one_good_round_shows_that_the_others_were_disturbed() {
        let base = report(0.5, spread(1.0, 1.0), 1.0);
        assert_eq!(compare(&base, &report(0.5, spread(1.1, 2.0), 1.0)).1, []);
    }

    #[test]
    fn less_than_the_tolerance_and_cheaper_are_no_regression() {
        let base = report(0.5, spread(1.0, 1.0), 1.0);
        assert_eq!(compare(&base, &report(0.5, spread(1.3, 1.3), 1.0)).1, []);
        assert_eq!(compare(&base, &report(0.5, spread(0.1, 0.1), 0.1)).1, []);
    }

    #[test]
    fn what_failed_or_is_missing_does_not_pass() {
        let base = report(0.5, spread(1.0, 1.0), 1.0);
        let mut failed = report(0.5, spread(1.0, 1.0), 1.0);
        failed.scenarios[1].errors = 3;
        assert_eq!(compare(&base, &failed).1, [Worse::Failed(Name::Create, 3)]);
        failed.scenarios.pop();
        assert_eq!(compare(&base, &failed).1, [Worse::NotMeasured(Name::Create)]);
    }
}
