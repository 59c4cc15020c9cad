//! Taking one mail delivery under a lease.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgPool, postgres::types::PgInterval};
use uuid::Uuid;

/// How long others leave a claimed delivery alone: longer than sending and recording may take.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// A delivery that is ours until its lease runs out.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct Claimed {
    pub(super) id: Uuid,
    /// In which its reminder's generation was given out.
    pub(super) epoch: i64,
    pub(super) user_id: Uuid,
    /// This attempt included; also tells this claim from a later one.
    pub(super) attempts: i32,
    /// Whether to send it: its task is open, the reminder has not moved, the reader exists.
    pub(super) current: bool,
    pub(super) title: String,
    /// The instant planned.
    pub(super) due_at: DateTime<Utc>,
    /// Milliseconds from then to this claim.
    pub(super) late_ms: i64,
    /// Empty if the reader no longer exists.
    pub(super) email: String,
    pub(super) time_zone: String,
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
        LEFT JOIN app_user ON app_user.id = user_id
    )
    UPDATE delivery
    SET status = 'sending', attempts = attempts + current::integer, claimable_at = now() + $1
    FROM checked
    WHERE delivery.id = checked.id
    RETURNING delivery.id, epoch, user_id, attempts, current, title, due_at,
              (extract(epoch FROM now() - due_at) * 1000)::bigint AS late_ms,
              coalesce(email, '') AS email, coalesce(time_zone, '') AS time_zone";

/// Claims the mail that waits longest, if any is ready. Workers that claim at once get different ones.
pub(super) async fn claim(pool: &PgPool) -> Result<Option<Claimed>, sqlx::Error> {
    sqlx::query_as(CLAIM).bind(interval(LEASE)).fetch_optional(pool).await
}

pub(super) fn interval(duration: Duration) -> PgInterval {
    let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    PgInterval { months: 0, days: 0, microseconds }
}
