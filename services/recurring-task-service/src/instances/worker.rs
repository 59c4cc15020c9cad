//! The worker: some entries at a time.

use std::{future::Future, panic::AssertUnwindSafe};

use futures::{FutureExt, StreamExt, stream};
use platform::{
    WorkerHandle,
    worker::{self, Work},
};
use sqlx::PgPool;
use virtual_actors::RelayHandle;

use super::{
    backend::Instances,
    claim::{Claimed, claim},
    outcome::{Outcome, Recorded, record},
};
use crate::metrics;

/// Entries claimed at once, and carried out at once.
const BATCH: usize = 8;
/// Carries out what the ledger says by `I`.
pub(crate) struct Worker<I> {
    pool: PgPool,
    instances: I,
    relay: RelayHandle,
    handle: WorkerHandle,
}

impl<I: Instances> Worker<I> {
    /// A worker that wakes `relay` when there are audit events.
    pub(crate) fn new(pool: PgPool, instances: I, relay: RelayHandle) -> Self {
        Self { pool, instances, relay, handle: WorkerHandle::default() }
    }

    /// What wakes it.
    pub(crate) fn handle(&self) -> WorkerHandle {
        self.handle.clone()
    }

    /// Works until `stop` is ready; what is in hand is finished and recorded first.
    pub(crate) async fn run(self, stop: impl Future<Output = ()>) {
        let handle = self.handle();
        worker::run(self, handle, stop).await;
    }

    async fn carry_out(&self, claimed: &Claimed) {
        let outcome = Outcome::of(claimed, self.instances.carry_out(claimed).await);
        self.settle(claimed, &outcome).await;
    }

    async fn settle(&self, claimed: &Claimed, outcome: &Outcome) {
        let recorded = match worker::record(|| record(&self.pool, claimed, outcome)).await {
            Ok(recorded) => recorded,
            Err(error) => {
                tracing::error!(next_id = %claimed.next_id, ?outcome, %error,
                    "an outcome cannot be recorded; the attempt is repeated when its lease ends");
                return;
            }
        };
        let result = if recorded == Recorded::Lost { "lost" } else { outcome.name() };
        metrics::ATTEMPTS.with_label_values(&[result]).inc();
        report(claimed, outcome, recorded);
        if recorded == Recorded::Settled {
            self.relay.wake();
        }
    }
}

impl<I: Instances> Work for Worker<I> {
    const NAME: &'static str = "instances";

    /// A batch.
    async fn work_once(&self) -> Result<usize, sqlx::Error> {
        let claimed = claim(&self.pool, BATCH as i64).await?;
        let found = claimed.len();
        let carry_out = |claimed: Claimed| async move {
            // A panic costs one attempt, not the worker: its entry is taken again when the lease ends.
            if AssertUnwindSafe(self.carry_out(&claimed)).catch_unwind().await.is_err() {
                tracing::error!(series_id = %claimed.series_id, "an attempt at an instance panicked");
            }
        };
        stream::iter(claimed).map(carry_out).buffer_unordered(BATCH).collect::<()>().await;
        Ok(found)
    }
}

fn report(Claimed { series_id, next_id, failures, .. }: &Claimed, outcome: &Outcome, recorded: Recorded) {
    match (outcome, recorded) {
        (_, Recorded::Lost) => {
            tracing::info!(%series_id, %next_id, ?outcome, "an instance was taken over, or is wanted otherwise");
        }
        (Outcome::Retry { error, after, .. }, _) => {
            let seconds = after.as_secs_f32();
            tracing::warn!(%series_id, %next_id, failures, error, seconds, "an instance is tried again later");
        }
        (settled, _) => tracing::info!(%series_id, %next_id, "an instance was {}", settled.name()),
    }
}
