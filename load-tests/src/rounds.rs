//! The run: rounds in which every scenario has its slice, so that what disturbs the machine disturbs them all.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, ensure};

use crate::{
    cpu::{self, Usage},
    database::Statement,
    load::{Latencies, Load, Sent, latencies},
    report::Plan,
    scenarios::Name,
    world::World,
};

/// The part of a slice in which the system has as much to do as it takes; in the rest requests come as they come.
const SATURATED: f64 = 0.5;
/// Used up beyond what the last slice did.
const SPARE: f64 = 1.5;
/// What a scenario may use up in the warm-up.
const FIRST_STOCK: usize = 500;

/// One round of one scenario.
pub(crate) struct Slice {
    /// As many as it takes.
    pub(crate) saturated: Sent,
    /// Until the last answer.
    pub(crate) cpu_until_answered: Usage,
    /// From then until all is caught up.
    pub(crate) cpu_afterwards: Usage,
    pub(crate) settled_after: Duration,
    pub(crate) statements: Option<f64>,
    pub(crate) transactions: f64,
    pub(crate) wal: f64,
    /// At a part of the rate of the round before, as they come.
    pub(crate) offered: f64,
    pub(crate) paced: Sent,
    pub(crate) latencies: Latencies,
}

pub(crate) struct Measured {
    pub(crate) name: Name,
    pub(crate) slices: Vec<Slice>,
    pub(crate) statements: Vec<Statement>,
}

struct Run {
    name: Name,
    load: Load,
    rate: f64,
    slices: Vec<Slice>,
    statements: Vec<Statement>,
}

/// Measures these scenarios, after a round that only warms up.
pub(crate) async fn measure(names: &[Name], plan: &Plan, world: &Arc<World>) -> Result<Vec<Measured>> {
    let mut runs = Vec::with_capacity(names.len());
    for name in names {
        eprintln!("Preparing: {}", name.title());
        let load = Load::new(world.clone(), name.prepare(world).await?);
        runs.push(Run { name: *name, load, rate: 0.0, slices: Vec::new(), statements: Vec::new() });
    }
    world.database.settled(world.changes()).await?;
    for round in 0..=plan.rounds {
        match round {
            0 => eprintln!("Warming up"),
            round => eprintln!("Round {round} of {}", plan.rounds),
        }
        if round == 1 {
            world.database.analyze().await?;
        }
        for run in &mut runs {
            run.round(round, plan).await?;
        }
    }
    let measured =
        runs.into_iter().map(|Run { name, slices, statements, .. }| Measured { name, slices, statements });
    Ok(measured.collect())
}

impl Run {
    async fn round(&mut self, round: u32, plan: &Plan) -> Result<()> {
        let slice = self.slice(round, plan).await?;
        self.rate = slice.saturated.per_second();
        if round > 0 {
            self.slices.push(slice);
        } else if let Some(error) = slice.saturated.errors.first() {
            ensure!(slice.saturated.answered > 0, "cannot {}: {error}", self.name.title());
        }
        Ok(())
    }

    async fn slice(&mut self, round: u32, plan: &Plan) -> Result<Slice> {
        let Load { world, scenario, .. } = self.load.clone();
        let time = plan.slice();
        let (busy, calm) = (time.mul_f64(SATURATED), time.mul_f64(1.0 - SATURATED));
        let likely = (self.rate * busy.as_secs_f64() * SPARE) as usize;
        scenario.stock(&world, likely.max(FIRST_STOCK)).await?;
        world.database.settled(world.changes()).await?;
        world.database.forget_statements().await?;

        let counts = world.database.counts().await?;
        let before = self.spent().await?;
        let saturated = self.load.saturate(busy, plan.concurrency).await?;
        let answered = self.spent().await?;
        let settled_after = world.database.settled(world.changes()).await?;
        let settled = self.spent().await?;
        let counted = world.database.counts().await?;
        if round > 0 {
            self.statements = world.database.statements(saturated.answered).await?;
        }

        let offered = saturated.per_second() * plan.load;
        let (paced, latencies) = if round == 0 || saturated.answered == 0 {
            (Sent::default(), latencies()?)
        } else {
            scenario.stock(&world, (offered * calm.as_secs_f64() * SPARE) as usize).await?;
            world.database.settled(world.changes()).await?;
            self.load.arrive(calm, offered, u64::from(round)).await?
        };
        world.database.settled(world.changes()).await?;
        Ok(Slice {
            cpu_until_answered: cpu::difference(&before, &answered),
            cpu_afterwards: cpu::difference(&answered, &settled),
            settled_after,
            statements: counted.statements_since(counts),
            transactions: counted.transactions_since(counts),
            wal: counted.wal_since(counts),
            saturated,
            offered,
            paced,
            latencies,
        })
    }

    async fn spent(&self) -> Result<Usage> {
        let world = &self.load.world;
        Ok(cpu::spent(&world.running, world.limits_process, &world.database.connections().await?))
    }
}
