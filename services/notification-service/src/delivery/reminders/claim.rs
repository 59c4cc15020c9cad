//! Taking one delivery by mail under a lease.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::delivery::queue::{Claim, LEASE, interval};

/// A delivery that is ours until its lease runs out.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Claimed {
    pub(crate) id: Uuid,
    /// In which its reminder's generation was given out.
    pub(crate) epoch: i64,
    pub(crate) user_id: Uuid,
    /// This attempt included; also tells this claim from a later one.
    pub(crate) attempts: i32,
    /// Whether to send it: its task is open, the reminder has not moved, the reader exists.
    pub(crate) current: bool,
    pub(crate) title: String,
    /// The instant planned.
    pub(crate) due_at: DateTime<Utc>,
    /// Milliseconds from then to this claim.
    pub(crate) late_ms: i64,
    /// Empty if the reader no longer exists.
    pub(crate) email: String,
    pub(crate) time_zone: String,
}

impl Claim for Claimed {
    fn id(&self) -> Uuid {
        self.id
    }

    fn attempts(&self) -> i32 {
        self.attempts
    }
}

const CLAIM: &str = "
    WITH next AS (
        SELECT id, notification_id FROM delivery
        WHERE channel = 'email' AND status IN ('pending', 'sending') AND claimable_at <= now()
        ORDER BY claimable_at
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    ), checked AS (
        SELECT next.id, user_id, title, due_at, email, time_zone,
               app_user.id IS NOT NULL AND firing_is_current(task_id, user_id, reminder_id, generation) AS current,
               coalesce(epoch, 0) AS epoch
        FROM next
        JOIN notification ON notification.id = notification_id
        LEFT JOIN (SELECT reminder_id, generation, epoch FROM reminder) AS given_out USING (reminder_id, generation)
        LEFT JOIN app_user ON app_user.id = user_id AND app_user.deleted_at IS NULL
    )
    UPDATE delivery
    SET status = 'sending', attempts = attempts + current::integer, claimable_at = now() + $1
    FROM checked
    WHERE delivery.id = checked.id
    RETURNING delivery.id, epoch, user_id, attempts, current, title, due_at,
              (extract(epoch FROM now() - due_at) * 1000)::bigint AS late_ms,
              coalesce(email, '') AS email, coalesce(time_zone, '') AS time_zone";

pub(crate) async fn claim(pool: &PgPool) -> Result<Option<Claimed>, sqlx::Error> {
    sqlx::query_as(CLAIM).bind(interval(LEASE)).fetch_optional(pool).await
}
