//! The worker: some entries at a time, at once when woken, else every second. Replicas share by their claims.

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt, stream};
use sqlx::PgPool;
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};
use virtual_actors::RelayHandle;

use super::{
    backend::Instances,
    claim::{Claimed, claim},
    outcome::{Outcome, Recorded, record},
};
use crate::metrics;

/// How often the worker looks when nobody wakes it: for retries, and for what other ways than events planned.
const POLL: Duration = Duration::from_secs(1);
/// Entries claimed at once, and carried out at once.
const BATCH: usize = 8;
/// How long it tries to record an outcome before it leaves that to the end of the lease.
const RECORD_PATIENCE: Duration = Duration::from_secs(10);
const RECORD_PAUSE: Duration = Duration::from_millis(250);

/// Carries out what the ledger says by `I`.
pub(crate) struct Worker<I> {
    pool: PgPool,
    instances: I,
    relay: RelayHandle,
    handle: WorkerHandle,
}

/// Wakes the worker of this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct WorkerHandle(Arc<Notify>);

impl WorkerHandle {
    /// There may be work.
    pub(crate) fn wake(&self) {
        self.0.notify_one();
    }
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
        tokio::pin!(stop);
        let mut database_up = true;
        loop {
            let idle = match self.work_once().await {
                Ok(found) => {
                    database_up = true;
                    found == 0
                }
                Err(error) => {
                    if std::mem::take(&mut database_up) {
                        tracing::warn!(%error, "instances wait: the database is unavailable");
                    }
                    true
                }
            };
            if !idle {
                if stop.as_mut().now_or_never().is_some() {
                    return;
                }
                continue;
            }
            tokio::select! {
                () = &mut stop => return,
                () = self.handle.0.notified() => {}
                () = sleep(POLL) => {}
            }
        }
    }

    /// Claims and carries out a batch; how many there were.
    pub(crate) async fn work_once(&self) -> Result<usize, sqlx::Error> {
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

    async fn carry_out(&self, claimed: &Claimed) {
        let outcome = Outcome::of(claimed, self.instances.carry_out(claimed).await);
        self.settle(claimed, &outcome).await;
    }

    /// Records the outcome, through a short outage of the database too.
    async fn settle(&self, claimed: &Claimed, outcome: &Outcome) {
        let started = Instant::now();
        let recorded = loop {
            match record(&self.pool, claimed, outcome).await {
                Ok(recorded) => break recorded,
                Err(error) if started.elapsed() < RECORD_PATIENCE => {
                    tracing::debug!(next_id = %claimed.next_id, %error, "recording an outcome again");
                    sleep(RECORD_PAUSE).await;
                }
                Err(error) => {
                    tracing::error!(next_id = %claimed.next_id, ?outcome, %error,
                        "an outcome cannot be recorded; the attempt is repeated when its lease ends");
                    return;
                }
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
