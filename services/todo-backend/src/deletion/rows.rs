//! What goes by SQL: rows of ours, and those of actors that nobody asks any more.

use domain::UserId;
use sqlx::PgPool;

/// Entries of the history in one transaction.
const BATCH: i32 = 5_000;

/// `$1` is the person. Answers that actors gave hold what was asked and what came of it, so they go too, before what
/// says whose they are.
const REMOVALS: [&str; 20] = [
    "DELETE FROM actor_command AS c USING task AS t
     WHERE c.actor_type = 'Task' AND c.actor_id = t.id AND t.owner = $1",
    "DELETE FROM actor_command AS c USING project AS p
     WHERE c.actor_type = 'Project' AND c.actor_id = p.id AND p.owner = $1",
    "DELETE FROM actor_command AS c USING recurrence AS r
     WHERE c.actor_type = 'Recurrence' AND c.actor_id = r.id AND r.state ->> 'owner' = $1::text",
    // Changes of rows of the person's, as `once` remembers them; and what they said on tasks of others.
    "DELETE FROM actor_command
     WHERE actor_id = $1::text OR actor_type = 'Task' AND outcome -> 'reply' ->> 'author' = $1::text",
    // Series: an actor that still has its state in memory finds it gone when it commits, and begins anew.
    "DELETE FROM recurrence_ledger AS l USING recurrence AS r
     WHERE r.id = l.series_id::text AND r.state ->> 'owner' = $1::text",
    "DELETE FROM recurrence WHERE state ->> 'owner' = $1::text",
    // Whatever sets off the person's clock afterwards finds nothing due.
    "DELETE FROM reminder WHERE user_id = $1",
    "DELETE FROM delivery AS d USING notification AS n WHERE n.id = d.notification_id AND n.user_id = $1",
    "DELETE FROM notification WHERE user_id = $1",
    "DELETE FROM task_comment WHERE author = $1",
    "DELETE FROM saved_filter WHERE user_id = $1",
    "DELETE FROM user_event_head WHERE user_id = $1",
    "DELETE FROM login_known WHERE user_id = $1",
    "DELETE FROM zone_move WHERE user_id = $1",
    // What was begun before the account was deleted, and committed after.
    "DELETE FROM account_mail WHERE user_id = $1",
    "DELETE FROM api_token WHERE user_id = $1",
    "DELETE FROM calendar_feed WHERE user_id = $1",
    "DELETE FROM oidc_identity WHERE user_id = $1",
    "DELETE FROM account_totp WHERE user_id = $1",
    // The event is a text that need not be JSON.
    "DELETE FROM dead_letter WHERE event ~ ('\"user_id\"\\s*:\\s*\"' || $1::text || '\"')",
];

pub(super) async fn remove(pool: &PgPool, user: UserId) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    for sql in REMOVALS {
        sqlx::query(sql).bind(user.0).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

/// Takes the content from a batch of the person's history; whether there may be more.
pub(super) async fn redact(pool: &PgPool, user: UserId) -> Result<bool, sqlx::Error> {
    let redacted: i64 =
        sqlx::query_scalar("SELECT audit.redact($1, $2)").bind(user.0).bind(BATCH).fetch_one(pool).await?;
    Ok(redacted == i64::from(BATCH))
}
