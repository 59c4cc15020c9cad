//! Committing what came of a claimed delivery.

use notification_actor::{NotificationActor, outcome_event_id, outcome_events};
use sqlx::PgPool;
use virtual_actors::{Actor, partition_of};

use super::claim::Claimed;
use crate::delivery::{
    outcome::Outcome,
    queue::{Recorded, postpone},
};

/// A mail that was accepted is delivered whoever sent it; any other outcome counts only while the claim does.
const SETTLE: &str = concat!(
    "WITH ended AS (
        UPDATE delivery
        SET status = $3, settled_at = clock_timestamp(), last_error = coalesce($4, last_error)
        WHERE id = $1 AND status IN ('pending', 'sending') AND (attempts = $2 OR $3 = 'delivered')
        RETURNING *
    ), settled AS (
        SELECT $5::uuid AS event_id, $6::smallint AS partition, status, settled_at AS at,
               ended.id AS delivery_id, notification_id, reminder_id, generation, task_id, user_id,
               channel, attempts, fired_at
        FROM ended JOIN notification ON notification.id = notification_id
    ), ",
    outcome_events!(),
    "SELECT extract(epoch FROM at - fired_at)::float8 FROM settled",
);

const POSTPONE: &str = "
    UPDATE delivery SET status = 'pending', claimable_at = now() + $3, last_error = $4
    WHERE id = $1 AND attempts = $2 AND status = 'sending'";

/// Commits `outcome`, a final one together with its audit event. May be called again after an error.
pub(crate) async fn record(
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
        .bind(outcome_event_id(claimed.id, outcome.name()))
        .bind(partition_of(NotificationActor::TYPE, &claimed.user_id.to_string()))
        .fetch_optional(pool)
        .await?;
    Ok(Recorded::settled(settled))
}
