//! Where queued mails wait. Whatever they are about, they are claimed, sent and settled alike.

use std::{fmt::Debug, future::Future, time::Duration};

use sqlx::{PgPool, postgres::types::PgInterval};
use uuid::Uuid;

use super::{mail::Mail, outcome::Outcome};

/// How long others leave a claimed mail alone: longer than sending and recording may take.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// A kind of mails with a table of their own.
pub(super) trait Queue: Send + Sync {
    /// A mail that is ours until its lease runs out.
    type Claimed: Claim;

    /// Claims the mail that waits longest, if any is ready, and counts the attempt. Workers that claim at once get
    /// different ones.
    fn claim(&self, pool: &PgPool)
    -> impl Future<Output = Result<Option<Self::Claimed>, sqlx::Error>> + Send;

    /// What to send; `None` if nobody is to be told any more.
    fn mail(&self, claimed: &Self::Claimed) -> Option<Mail>;

    /// Commits what came of it. May be called again after an error.
    fn record(
        &self,
        pool: &PgPool,
        claimed: &Self::Claimed,
        outcome: &Outcome,
    ) -> impl Future<Output = Result<Recorded, sqlx::Error>> + Send;
}

/// What the worker has to know of a claimed mail.
pub(super) trait Claim: Debug + Send + Sync {
    fn id(&self) -> Uuid;
    /// This one included.
    fn attempts(&self) -> i32;
}

/// Whether an outcome was committed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Recorded {
    /// The mail is settled, so many seconds after what it is about.
    Settled { delay: f64 },
    /// It waits for its next attempt.
    Waiting,
    /// Another worker had taken it over in the meantime; its outcome counts.
    Lost,
}

impl Recorded {
    /// Of a statement that settles a mail while its claim counts, and then answers the delay.
    pub(super) fn settled(delay: Option<f64>) -> Self {
        delay.map_or(Self::Lost, |delay| Self::Settled { delay })
    }
}

/// Lets a mail wait for its next attempt, by the statement of its table; that takes id, attempts, pause and error.
pub(super) async fn postpone(
    pool: &PgPool,
    statement: &'static str,
    claimed: &impl Claim,
    error: &str,
    after: Duration,
) -> Result<Recorded, sqlx::Error> {
    let done = sqlx::query(statement)
        .bind(claimed.id())
        .bind(claimed.attempts())
        .bind(interval(after))
        .bind(error)
        .execute(pool)
        .await?;
    Ok(if done.rows_affected() == 1 { Recorded::Waiting } else { Recorded::Lost })
}

pub(super) fn interval(duration: Duration) -> PgInterval {
    let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    PgInterval { months: 0, days: 0, microseconds }
}
