//! Work that waits outside of turns: its intent is a row in the database, which a worker claims, carries out and
//! records, at least once.
//!
//! Replicas share the rows by their claims: each has a lease, after which somebody else takes it. So a worker
//! that dies between two steps loses nothing; what it did may be done again, and must be recognised.

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

/// How often a worker looks when nobody wakes it: for retries, and for what other replicas queued and left.
const POLL: Duration = Duration::from_secs(1);
/// How long it tries to record an outcome before it leaves that to the end of the lease.
const RECORD_PATIENCE: Duration = Duration::from_secs(10);
const RECORD_PAUSE: Duration = Duration::from_millis(250);

/// A kind of work.
pub trait Work: Send + Sync + 'static {
    /// What waits while the database is away, for the log.
    const NAME: &'static str;

    /// Claims what is next, carries it out and records it; how much there was.
    fn work_once(&self) -> impl Future<Output = Result<usize, sqlx::Error>> + Send;
}

/// Wakes the worker of this process.
#[derive(Debug, Clone, Default)]
pub struct WorkerHandle(Arc<Notify>);

impl WorkerHandle {
    /// There may be work.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// Works until `stop` is ready, at once when `handle` wakes it; what is in hand is finished and recorded first.
pub async fn run<W: Work>(work: W, handle: WorkerHandle, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    let mut database_up = true;
    loop {
        // A panic costs one attempt, not the worker: what it had in hand is taken again when the lease ends.
        let idle = match AssertUnwindSafe(work.work_once()).catch_unwind().await {
            Ok(Ok(found)) => {
                database_up = true;
                found == 0
            }
            Ok(Err(error)) => {
                if std::mem::take(&mut database_up) {
                    tracing::warn!(work = W::NAME, %error, "the database is unavailable; work waits");
                }
                true
            }
            Err(_) => {
                tracing::error!(work = W::NAME, "an attempt panicked");
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
            () = handle.0.notified() => {}
            () = sleep(POLL) => {}
        }
    }
}

/// Records an outcome, through a short outage of the database too: what is not recorded is done again.
///
/// # Errors
/// When the database does not come back in time.
pub async fn record<T, F>(mut record: impl FnMut() -> F) -> Result<T, sqlx::Error>
where
    F: Future<Output = Result<T, sqlx::Error>>,
{
    let started = Instant::now();
    loop {
        match record().await {
            Err(error) if started.elapsed() < RECORD_PATIENCE => {
                tracing::debug!(%error, "recording an outcome again");
                sleep(RECORD_PAUSE).await;
            }
            settled => return settled,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::Stop;

    /// Has this much to do, and panics at one of it.
    struct Pile {
        left: Arc<AtomicUsize>,
        panics_at: usize,
    }

    impl Work for Pile {
        const NAME: &'static str = "pile";

        async fn work_once(&self) -> Result<usize, sqlx::Error> {
            let left = self.left.load(Ordering::SeqCst);
            self.left.store(left.saturating_sub(1), Ordering::SeqCst);
            assert!(left != self.panics_at, "asked to");
            Ok(left.min(1))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_costs_one_attempt_and_a_stop_ends_it() {
        let left = Arc::new(AtomicUsize::new(5));
        let (stop, handle) = (Stop::default(), WorkerHandle::default());
        let pile = Pile { left: Arc::clone(&left), panics_at: 3 };
        let working = tokio::spawn(run(pile, handle.clone(), stop.requested()));
        while left.load(Ordering::SeqCst) > 0 {
            sleep(POLL).await;
        }
        let slept = Instant::now();
        left.store(1, Ordering::SeqCst);
        handle.wake();
        while left.load(Ordering::SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(slept.elapsed(), Duration::ZERO, "it was woken");
        stop.request();
        working.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn an_outcome_is_recorded_after_a_short_outage_and_given_up_after_a_long_one() {
        let tries = AtomicUsize::new(0);
        let fails = |times: usize| {
            let tries = &tries;
            move || {
                let failed = tries.fetch_add(1, Ordering::SeqCst) < times;
                std::future::ready(if failed { Err(sqlx::Error::PoolTimedOut) } else { Ok(()) })
            }
        };
        record(fails(3)).await.unwrap();
        tries.store(0, Ordering::SeqCst);
        record(fails(usize::MAX)).await.unwrap_err();
    }
}
