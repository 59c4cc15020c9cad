//! How requests are sent: as many as the system takes, or as they come.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use hdrhistogram::Histogram;
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::{task::JoinSet, time::sleep_until};

use crate::{scenarios::Scenario, world::World};

/// Latencies in microseconds, to three digits.
pub(crate) type Latencies = Histogram<u64>;

/// What was sent, and what came of it.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub(crate) elapsed: Duration,
    pub(crate) answered: usize,
    pub(crate) errors: Vec<String>,
}

/// A scenario under load.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) world: Arc<World>,
    pub(crate) scenario: Arc<dyn Scenario>,
    number: Arc<AtomicUsize>,
}

impl Sent {
    pub(crate) fn per_second(&self) -> f64 {
        self.answered as f64 / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    fn count(&mut self, outcome: Result<bool>) {
        match outcome {
            Ok(true) => self.answered += 1,
            Ok(false) => {}
            Err(error) => self.errors.push(format!("{error:#}")),
        }
    }
}

impl Load {
    pub(crate) fn new(world: Arc<World>, scenario: Box<dyn Scenario>) -> Self {
        Self { world, scenario: scenario.into(), number: Arc::default() }
    }

    async fn send(&self) -> Result<bool> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        self.scenario.send(&self.world, number).await
    }

    /// Closed: keeps so many requests under way, until the time is over or nothing is left to send.
    pub(crate) async fn saturate(&self, time: Duration, concurrency: usize) -> Result<Sent> {
        let started = Instant::now();
        let mut workers = JoinSet::new();
        for _ in 0..concurrency {
            let load = self.clone();
            workers.spawn(async move {
                let mut sent = Sent::default();
                while started.elapsed() < time {
                    let outcome = load.send().await;
                    let over = matches!(outcome, Ok(false));
                    sent.count(outcome);
                    if over {
                        break;
                    }
                }
                sent
            });
        }
        let mut all = Sent::default();
        while let Some(worked) = workers.join_next().await {
            let Sent { answered, errors, .. } = worked?;
            all.answered += answered;
            all.errors.extend(errors);
        }
        all.elapsed = started.elapsed();
        Ok(all)
    }

    /// Open: requests come at random, so many a second, whether the ones before were answered or not. A latency counts
    /// from when a request was to be sent, so one that had to wait because the system or this program stood still is
    /// as late as it would be for a person.
    pub(crate) async fn arrive(
        &self,
        time: Duration,
        per_second: f64,
        seed: u64,
    ) -> Result<(Sent, Latencies)> {
        let started = tokio::time::Instant::now();
        let mut requests = JoinSet::new();
        for arrival in arrivals(time, per_second, seed) {
            let intended = started + arrival;
            sleep_until(intended).await;
            let load = self.clone();
            requests.spawn(async move {
                let outcome = load.send().await;
                (outcome, intended.elapsed())
            });
        }
        let (mut sent, mut latencies) = (Sent::default(), latencies()?);
        while let Some(answered) = requests.join_next().await {
            let (outcome, latency) = answered?;
            if matches!(outcome, Ok(true)) {
                latencies.saturating_record(micros(latency));
            }
            sent.count(outcome);
        }
        sent.elapsed = started.elapsed();
        Ok((sent, latencies))
    }
}

pub(crate) fn latencies() -> Result<Latencies> {
    Ok(Histogram::new_with_bounds(1, 120_000_000, 3)?)
}

pub(crate) fn micros(latency: Duration) -> u64 {
    u64::try_from(latency.as_micros()).unwrap_or(u64::MAX)
}

/// When requests come: independent of each other, as those of many people are.
fn arrivals(time: Duration, per_second: f64, seed: u64) -> impl Iterator<Item = Duration> {
    let mut random = StdRng::seed_from_u64(seed);
    let pause = move || -(1.0 - random.random::<f64>()).ln() / per_second.max(f64::MIN_POSITIVE);
    let sum = |at: &mut f64, pause: f64| {
        *at += pause;
        Some(*at)
    };
    std::iter::repeat_with(pause)
        .scan(0.0, sum)
        .take_while(move |at| *at < time.as_secs_f64())
        .map(Duration::from_secs_f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_are_as_many_as_asked_for_and_the_same_for_a_seed() {
        let all = |seed| arrivals(Duration::from_secs(10), 1000.0, seed).collect::<Vec<_>>();
        let first = all(1);
        assert!((9_600..10_400).contains(&first.len()), "{}", first.len());
        assert!(first.is_sorted() && first.last().is_some_and(|last| *last < Duration::from_secs(10)));
        assert_eq!(first, all(1));
        assert_ne!(first, all(2));
    }

    #[test]
    fn arrivals_are_not_evenly_spaced() {
        let all: Vec<_> = arrivals(Duration::from_secs(10), 100.0, 1).collect();
        let pauses: Vec<_> = all.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(pauses.iter().any(|pause| *pause > Duration::from_millis(30)));
        assert!(pauses.iter().any(|pause| *pause < Duration::from_millis(2)));
    }
}
