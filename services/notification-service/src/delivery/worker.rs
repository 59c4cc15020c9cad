//! The worker: one mail at a time. Within a process there is one worker, because a send
//! must not overlap another (see [`DaprBinding`](super::DaprBinding)).

use std::{future::Future, time::Duration};

use platform::{
    WorkerHandle,
    worker::{self, Work},
};
use sqlx::PgPool;
use tokio::time::timeout;
use virtual_actors::RelayHandle;

use super::{
    Settings,
    accounts::Accounts,
    outcome::Outcome,
    queue::{Claim, Queue, Recorded},
    reminders::Reminders,
    retry::pause_after,
    sender::{SendError, Sender},
};
use crate::metrics;

/// A statement that takes longer has an unknown outcome.
const DATABASE_LIMIT: Duration = Duration::from_secs(8);

/// Sends queued mail through `S`.
pub(crate) struct Worker<S> {
    pool: PgPool,
    sender: S,
    reminders: Reminders,
    accounts: Accounts,
    relay: RelayHandle,
    handle: WorkerHandle,
}

impl<S: Sender> Worker<S> {
    /// A worker that wakes `relay` when there are audit events.
    pub(crate) fn new(pool: PgPool, sender: S, settings: Settings, relay: RelayHandle) -> Self {
        let Settings { message_id_domain: domain, public_url } = settings;
        Self {
            pool,
            sender,
            reminders: Reminders { domain: domain.clone() },
            accounts: Accounts { domain, public_url },
            relay,
            handle: WorkerHandle::default(),
        }
    }

    /// What wakes it.
    pub(crate) fn handle(&self) -> WorkerHandle {
        self.handle.clone()
    }

    /// Works until `stop` is ready; a send in hand is finished and recorded first.
    pub(crate) async fn run(self, stop: impl Future<Output = ()>) {
        let handle = self.handle();
        worker::run(self, handle, stop).await;
    }

    /// Claims and delivers one mail of each queue, so that neither waits for the other's backlog; whether there was one.
    pub(super) async fn deliver_next(&self) -> Result<bool, sqlx::Error> {
        let account = self.deliver_from(&self.accounts).await?;
        let reminder = self.deliver_from(&self.reminders).await?;
        Ok(account || reminder)
    }

    async fn deliver_from<Q: Queue>(&self, queue: &Q) -> Result<bool, sqlx::Error> {
        let Some(claimed) = within(queue.claim(&self.pool)).await? else { return Ok(false) };
        let outcome = self.attempt(queue, &claimed).await;
        self.settle(queue, &claimed, &outcome).await;
        Ok(true)
    }

    async fn attempt<Q: Queue>(&self, queue: &Q, claimed: &Q::Claimed) -> Outcome {
        let Some(mail) = queue.mail(claimed) else { return Outcome::Superseded };
        // The binding takes a list of addresses; ours is one.
        if mail.to.contains(';') {
            return Outcome::Failed { error: "not a single e-mail address".to_owned() };
        }
        match self.sender.send(mail).await {
            Ok(()) => Outcome::Delivered,
            Err(SendError::Refused(error)) => Outcome::Failed { error },
            Err(SendError::Failed(error)) => match pause_after(claimed.attempts()) {
                Some(after) => Outcome::Retry { error, after },
                None => Outcome::Failed { error },
            },
        }
    }

    async fn settle<Q: Queue>(&self, queue: &Q, claimed: &Q::Claimed, outcome: &Outcome) {
        let recorded = match worker::record(|| within(queue.record(&self.pool, claimed, outcome))).await {
            Ok(recorded) => recorded,
            Err(error) => {
                tracing::error!(delivery_id = %claimed.id(), ?outcome, %error,
                        "an outcome cannot be recorded; the delivery is repeated when its lease ends");
                return;
            }
        };
        let result = if recorded == Recorded::Lost { "lost" } else { outcome.name() };
        metrics::ATTEMPTS.with_label_values(&[result]).inc();
        report(claimed, outcome, recorded);
        if let Recorded::Settled { delay } = recorded {
            self.relay.wake();
            if *outcome == Outcome::Delivered {
                metrics::DELAY.observe(delay);
            }
        }
    }
}

impl<S: Sender> Work for Worker<S> {
    const NAME: &'static str = "mail";

    async fn work_once(&self) -> Result<usize, sqlx::Error> {
        self.deliver_next().await.map(usize::from)
    }
}

/// Waits for the database, but not for ever: a connection may have gone silent.
async fn within<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    timeout(DATABASE_LIMIT, work).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

fn report(claimed: &impl Claim, outcome: &Outcome, recorded: Recorded) {
    let (id, attempts) = (claimed.id(), claimed.attempts());
    match (outcome, recorded) {
        (_, Recorded::Lost) => {
            tracing::warn!(delivery_id = %id, attempts, ?outcome, "another worker had taken a delivery over");
        }
        (Outcome::Delivered, _) => tracing::info!(delivery_id = %id, attempts, "a mail was delivered"),
        (Outcome::Superseded, _) => tracing::info!(delivery_id = %id, "a mail was superseded"),
        (Outcome::Retry { error, after }, _) => {
            let seconds = after.as_secs();
            tracing::warn!(delivery_id = %id, attempts, error, seconds, "a mail is tried again later");
        }
        (Outcome::Failed { error }, _) => {
            tracing::error!(delivery_id = %id, attempts, error, "a mail could not be delivered");
        }
    }
}
