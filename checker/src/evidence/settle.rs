//! Waiting until the system has done all it still owes.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::{Instant, sleep};

/// How it went.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    pub after: Duration,
    /// What was still owed when the time was up; then the checks find whose it is.
    pub owed: Option<String>,
}

const PAUSE: Duration = Duration::from_millis(500);

/// What is owed, each as SQL for a number that comes to nought by itself. Reminders ahead are not owed.
const OWED: [(&str, &str); 8] = [
    ("messages in the outbox", "SELECT count(*) FROM actor_outbox"),
    ("overdue reminders", "SELECT count(*) FROM reminder WHERE status = 'pending' AND fires_at <= now()"),
    (
        "firings without a notification",
        "SELECT count(*) FROM reminder AS r WHERE status = 'fired' AND NOT EXISTS (
             SELECT FROM notification AS n WHERE n.reminder_id = r.reminder_id AND n.generation = r.generation)",
    ),
    ("deliveries under way", "SELECT count(*) FROM delivery WHERE status IN ('pending', 'sending')"),
    (
        "instances to be made or withdrawn",
        "SELECT count(*) FROM recurrence_ledger WHERE status IN ('planned', 'withdraw')",
    ),
    (
        "closed instances that nobody has decided on",
        "SELECT count(*) FROM task AS t
         WHERE done AND NOT deleted AND state -> 'series' ? 'series' AND NOT EXISTS (
             SELECT FROM recurrence_ledger AS l
             WHERE l.predecessor = t.id::uuid AND l.series_id = (t.state #>> '{series,series}')::uuid)",
    ),
    (
        "shares of the outbox that a dead relay holds",
        "SELECT count(*) FROM actor_outbox_share AS share WHERE relay IS NOT NULL AND NOT EXISTS (
             SELECT FROM actor_relay AS alive WHERE alive.relay = share.relay AND alive.seen_until > now())",
    ),
    (
        "events without an entry in the audit log",
        "SELECT greatest(0, (SELECT coalesce(sum(version), 0)::bigint FROM task)
                          - (SELECT count(*) FROM audit.entry WHERE topic = 'task-events'))
              + greatest(0, (SELECT count(*) FROM reminder WHERE status = 'fired')
                          - (SELECT count(*) FROM audit.entry WHERE type = 'reminder.fired'))
              + greatest(0, (SELECT count(*) FROM delivery WHERE settled_at IS NOT NULL)
                          - (SELECT count(*) FROM audit.entry WHERE type LIKE 'notification.%'))",
    ),
];

/// Waits until nothing is owed, but not longer than `limit`.
///
/// # Errors
/// When the database does not answer at the end of the time.
pub async fn settle(pool: &PgPool, limit: Duration) -> Result<Settled, sqlx::Error> {
    let started = Instant::now();
    loop {
        let owed = owed(pool).await;
        let after = started.elapsed();
        match owed {
            Ok(None) => return Ok(Settled { after, owed: None }),
            Ok(owed) if after >= limit => return Ok(Settled { after, owed }),
            Err(error) if after >= limit => return Err(error),
            Ok(_) | Err(_) => sleep(PAUSE.min(limit)).await,
        }
    }
}

async fn owed(pool: &PgPool) -> Result<Option<String>, sqlx::Error> {
    let mut owed = Vec::new();
    for (what, sql) in OWED {
        let count: i64 = sqlx::query_scalar(sql).fetch_one(pool).await?;
        if count > 0 {
            owed.push(format!("{count} {what}"));
        }
    }
    Ok((!owed.is_empty()).then(|| owed.join(", ")))
}
