//! Which fault when: a schedule that follows from the seed alone.
//!
//! Every kind that is possible comes before any comes again. At most [`AT_ONCE`] faults overlap, never two of one
//! subject; a kill counts for as long as a restart usually takes.

use std::time::Duration;

use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};

use crate::fault::{Fault, Kind, Replica};

/// How many subjects may be broken at once.
const AT_ONCE: usize = 3;
/// Before the first fault, for clients to have begun.
const LEAD: Duration = Duration::from_secs(5);
/// How long a killed part counts as broken.
const RESTART: Duration = Duration::from_secs(8);

/// A fault with its time, counted from the start of the run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Planned {
    pub(crate) at: Duration,
    pub(crate) lasts: Duration,
    pub(crate) fault: Fault,
}

impl Planned {
    fn ends(&self) -> Duration {
        self.at + self.lasts.max(if self.fault.kind.is_kill() { RESTART } else { Duration::ZERO })
    }
}

/// The faults of a run of this length, in their order. `kinds` are those this machine can do.
pub(crate) fn plan(seed: u64, length: Duration, per_minute: f64, kinds: &[Kind]) -> Vec<Planned> {
    let mut rng = StdRng::seed_from_u64(seed);
    let wanted = (length.as_secs_f64() / 60.0 * per_minute).round().max(1.0) as usize;
    let spacing = length.saturating_sub(LEAD * 2) / wanted as u32;
    let (mut planned, mut round): (Vec<Planned>, Vec<Kind>) = (Vec::new(), Vec::new());
    for number in 0..wanted {
        if round.is_empty() {
            round = kinds.to_vec();
            round.shuffle(&mut rng);
        }
        let Some(kind) = round.pop() else { break };
        let at = LEAD + spacing * number as u32 + spacing.mul_f64(rng.random());
        let lasts = Duration::from_millis(rng.random_range(kind.milliseconds()));
        let fault = Fault { kind, replica: Replica::any(&mut rng), amount: kind.amount(&mut rng) };
        let fault = Planned { at, lasts, fault };
        planned.push(Planned { at: free_from(&planned, &fault), ..fault });
    }
    planned.retain(|fault| fault.ends() + LEAD <= length);
    planned.sort_by_key(|fault| fault.at);
    planned
}

/// The first time from `wanted.at` on at which it may begin.
fn free_from(planned: &[Planned], wanted: &Planned) -> Duration {
    let (mut at, length) = (wanted.at, wanted.ends() - wanted.at);
    loop {
        let beside: Vec<&Planned> =
            planned.iter().filter(|other| other.at < at + length && at < other.ends()).collect();
        let excludes = |other: &&&Planned| wanted.fault.excludes(&other.fault);
        if beside.len() < AT_ONCE && !beside.iter().any(|other| excludes(&other)) {
            return at;
        }
        // It can begin no sooner than when one of those ends.
        at = beside.iter().map(|other| other.ends()).min().unwrap_or(at);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const LENGTH: Duration = Duration::from_secs(20 * 60);

    #[test]
    fn the_seed_alone_decides() {
        let plan = |seed| plan(seed, LENGTH, 6.0, Kind::ALL);
        assert_eq!(plan(7), plan(7));
        assert_ne!(plan(7), plan(8));
    }

    #[test]
    fn a_long_run_has_every_kind_and_about_as_many_as_asked_for() {
        let planned = plan(1, LENGTH, 6.0, Kind::ALL);
        let kinds: BTreeSet<_> = planned.iter().map(|fault| fault.fault.kind.name()).collect();
        assert_eq!(kinds.len(), Kind::ALL.len());
        assert!((110..=120).contains(&planned.len()), "{}", planned.len());
    }

    #[test]
    fn a_short_run_has_every_kind() {
        // The seed, length and rate of `tests/short_run.rs`.
        let planned = plan(7, Duration::from_secs(105), 12.6, Kind::ALL);
        let kinds: BTreeSet<_> = planned.iter().map(|fault| fault.fault.kind.name()).collect();
        assert_eq!(kinds.len(), Kind::ALL.len(), "{kinds:?}");
    }

    #[test]
    fn no_subject_is_broken_twice_at_once_and_not_all_at_once() {
        for seed in 0..50 {
            let planned = plan(seed, LENGTH, 12.0, Kind::ALL);
            for fault in &planned {
                let beside: Vec<_> = planned
                    .iter()
                    .filter(|other| *other != fault && other.at <= fault.at && fault.at < other.ends())
                    .collect();
                assert!(beside.len() < AT_ONCE, "{fault:?} beside {beside:?}");
                assert!(
                    beside.iter().all(|other| !other.fault.excludes(&fault.fault)),
                    "{fault:?} beside {beside:?}"
                );
                assert!(fault.ends() <= LENGTH);
            }
        }
    }
}
