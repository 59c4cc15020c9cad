//! Marks of ended sessions, where every request sees them.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

/// Marks sessions as ended, and forgets marks that nobody needs any more.
pub(super) async fn mark(pool: &PgPool, ids: &[Uuid], keep_until: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "WITH forgotten AS (DELETE FROM ended_session WHERE kept_until < now())
         INSERT INTO ended_session (session_id, kept_until) SELECT id, $2 FROM unnest($1::uuid[]) AS id
         ON CONFLICT DO NOTHING",
    )
    .bind(ids)
    .bind(keep_until)
    .execute(pool)
    .await
    .map(drop)
}

/// Which of them are ended.
pub(crate) async fn among(
    pool: &PgPool,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashSet<Uuid>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let ended: Vec<Uuid> =
        sqlx::query_scalar("SELECT session_id FROM ended_session WHERE session_id = ANY ($1)")
            .bind(ids)
            .fetch_all(pool)
            .await?;
    Ok(ended.into_iter().collect())
}
