//! How long events are kept for clients that are away.

use sqlx::PgPool;

const DAYS: i32 = 7;
const MOST_OF_A_PERSON: i64 = 10_000;

/// Rows removed in one transaction, so that no lock is held for long.
const BATCH: i64 = 5_000;

/// Removes what is too old or too much; how many there were.
pub(crate) async fn prune(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let mut all = 0;
    loop {
        let removed = prune_batch(pool).await?;
        all += removed;
        if removed < BATCH.unsigned_abs() {
            return Ok(all);
        }
    }
}

/// Notes for each person up to where, in the same statement: who reads finds either an event or that it was removed.
async fn prune_batch(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let removed: i64 = sqlx::query_scalar(
        "WITH removed AS (
             DELETE FROM user_event WHERE (user_id, seq) IN (
                 (SELECT user_id, seq FROM user_event WHERE at < now() - make_interval(days => $1)
                  ORDER BY at LIMIT $3)
                 UNION
                 (SELECT event.user_id, event.seq FROM user_event_head AS head
                  JOIN user_event AS event ON event.user_id = head.user_id AND event.seq <= head.last - $2
                  WHERE head.last - head.pruned > $2 ORDER BY event.user_id, event.seq LIMIT $3)
             ) RETURNING user_id, seq
         ), noted AS (
             UPDATE user_event_head AS head SET pruned = greatest(head.pruned, gone.seq)
             FROM (SELECT user_id, max(seq) AS seq FROM removed GROUP BY user_id) AS gone
             WHERE head.user_id = gone.user_id
         )
         SELECT count(*) FROM removed",
    )
    .bind(DAYS)
    .bind(MOST_OF_A_PERSON)
    .bind(BATCH)
    .fetch_one(pool)
    .await?;
    Ok(removed.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::{live::tell, test_support::Backend};

    #[sqlx::test(migrations = false)]
    async fn old_events_and_those_above_ten_thousand_are_removed_and_noted(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        let (ada, bob) = (backend.user("ada@example.org").await, backend.user("bob@example.org").await);
        tell(&pool, ada.id, 10_300, false).await;
        tell(&pool, bob.id, 6_000, false).await;
        let old = "UPDATE user_event SET at = at - interval '8 days' WHERE user_id = $1 AND seq <= 5500";
        sqlx::query(old).bind(bob.id).execute(&pool).await.unwrap();

        let cleanup = async || backend.post("/api/jobs/daily-cleanup", json!({})).await;
        assert_eq!(cleanup().await.body["events"], 5_800);
        let left = async |user| -> (i64, i64, i64) {
            let sql = "SELECT pruned, last, (SELECT count(*) FROM user_event WHERE user_id = $1)
                       FROM user_event_head WHERE user_id = $1";
            sqlx::query_as(sql).bind(user).fetch_one(&pool).await.unwrap()
        };
        assert_eq!(left(ada.id).await, (300, 10_300, 10_000));
        assert_eq!(left(bob.id).await, (5_500, 6_000, 500));
        assert_eq!(cleanup().await.body["events"], 0);
    }
}
