//! Taking entries of the ledger under a lease.

use std::time::Duration;

use sqlx::{PgPool, postgres::types::PgInterval};
use uuid::Uuid;

/// How long others leave a claimed entry alone: longer than the backend may go on with a request.
const LEASE: Duration = Duration::from_secs(30);

/// An entry that is ours until its lease runs out.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Claimed {
    pub(crate) series_id: Uuid,
    pub(crate) predecessor: Uuid,
    pub(crate) next_id: Uuid,
    #[sqlx(try_from = "String")]
    pub(crate) work: Work,
    /// This attempt included; tells this claim from a later one.
    pub(super) attempts: i32,
    /// Failed attempts in a row before this one.
    pub(super) failures: i32,
}

/// What an entry asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Make,
    Withdraw,
}

impl Work {
    /// As the ledger's status says it.
    pub(super) fn status(self) -> &'static str {
        match self {
            Work::Make => "planned",
            Work::Withdraw => "withdraw",
        }
    }
}

impl TryFrom<String> for Work {
    type Error = String;

    fn try_from(status: String) -> Result<Self, String> {
        let known = [Work::Make, Work::Withdraw].into_iter().find(|work| work.status() == status);
        known.ok_or(status)
    }
}

const CLAIM: &str = "
    WITH next AS (
        SELECT series_id, predecessor FROM recurrence_ledger
        WHERE status IN ('planned', 'withdraw') AND claimable_at <= now()
        ORDER BY claimable_at
        LIMIT $2
        FOR UPDATE SKIP LOCKED
    )
    UPDATE recurrence_ledger AS entry
    SET attempts = attempts + 1, claimable_at = now() + $1, busy_until = now() + $1
    FROM next
    WHERE entry.series_id = next.series_id AND entry.predecessor = next.predecessor
    RETURNING entry.series_id, entry.predecessor, next_id, status AS work, attempts, failures";

/// Claims the entries that wait longest. Workers that claim at once get different ones.
pub(super) async fn claim(pool: &PgPool, limit: i64) -> Result<Vec<Claimed>, sqlx::Error> {
    sqlx::query_as(CLAIM).bind(interval(LEASE)).bind(limit).fetch_all(pool).await
}

pub(super) fn interval(duration: Duration) -> PgInterval {
    let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    PgInterval { months: 0, days: 0, microseconds }
}
