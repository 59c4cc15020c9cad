//! The rows themselves, each person's in one order.

use contracts::api::{LiveEvent, live::USER_EVENTS_CHANNEL};
use sqlx::{PgExecutor, types::Json};
use uuid::Uuid;

/// The upsert locks a person's head until the commit, so numbers become visible in their order. People come in the
/// order of their ids, so that two events about several people do not wait for each other. A repetition uses up a
/// number and nothing else; gaps mean nothing.
const APPEND: &str = "
WITH reader AS (
    SELECT id AS user_id FROM app_user WHERE id = $1 ORDER BY id
), head AS (
    INSERT INTO user_event_head AS head (user_id, last)
    SELECT user_id, 1 FROM reader ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET last = head.last + 1
    RETURNING user_id, last
), told AS (
    INSERT INTO user_event (user_id, seq, event_id, kind, data)
    SELECT user_id, last, $2, $3, $4 FROM head
    ON CONFLICT (user_id, event_id) DO NOTHING
    RETURNING user_id
)
SELECT count(pg_notify($5, user_id::text)) FROM told";

/// Tells everybody who sees it; how many were not told before.
pub(super) async fn append(
    database: impl PgExecutor<'_>,
    event: Uuid,
    kind: &str,
    owner: Uuid,
    live: &LiveEvent,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(APPEND)
        .bind(owner)
        .bind(event)
        .bind(kind)
        .bind(Json(live))
        .bind(USER_EVENTS_CHANNEL)
        .fetch_one(database)
        .await
}
