//! Committing what came of a claimed mail about an account.

use sqlx::PgPool;

use super::claim::Claimed;
use crate::delivery::{
    outcome::Outcome,
    queue::{Recorded, postpone},
};

/// A mail that was accepted is delivered whoever sent it; any other outcome counts only while the claim does.
const SETTLE: &str = "
    UPDATE account_mail
    SET status = $3, settled_at = clock_timestamp(), last_error = coalesce($4, last_error)
    WHERE id = $1 AND status IN ('pending', 'sending') AND (attempts = $2 OR $3 = 'delivered')
    RETURNING extract(epoch FROM settled_at - created_at)::float8";

const POSTPONE: &str = "
    UPDATE account_mail SET status = 'pending', claimable_at = now() + $3, last_error = $4
    WHERE id = $1 AND attempts = $2 AND status = 'sending'";

pub(super) async fn record(
    pool: &PgPool,
    claimed: &Claimed,
    outcome: &Outcome,
) -> Result<Recorded, sqlx::Error> {
    if let Outcome::Retry { error, after } = outcome {
        return postpone(pool, POSTPONE, claimed, error, *after).await;
    }
    let settled = sqlx::query_scalar(SETTLE)
        .bind(claimed.id)
        .bind(claimed.attempts)
        .bind(outcome.name())
        .bind(outcome.error())
        .fetch_optional(pool)
        .await?;
    Ok(Recorded::settled(settled))
}
