//! Mails about an account: the intent is a row, committed with what it is about. notification-service sends it.
//!
//! Whether it is still wanted, and for a reset whether anybody has the address at all, is looked at by the sender: so
//! asking is the same work for a caller who should not learn it.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::email::Email;

/// At most one of a kind to an address in this time, and so many in an hour: it is somebody's mailbox.
const PAUSE: TimeDelta = TimeDelta::minutes(1);
const AN_HOUR: i64 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub(crate) enum Kind {
    VerifyEmail,
    ChangeEmail,
    ResetPassword,
    PasswordChanged,
    EmailChanged,
}

impl Kind {
    /// How long its link holds, or how long it is news.
    fn lifetime(self) -> TimeDelta {
        match self {
            Self::ResetPassword => TimeDelta::hours(1),
            _ => TimeDelta::days(3),
        }
    }
}

/// A mail to be sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Letter<'a> {
    pub(crate) id: Uuid,
    pub(crate) kind: Kind,
    /// None: whoever has the address.
    pub(crate) user: Option<Uuid>,
    pub(crate) email: &'a str,
}

/// Queues it with what else is committed.
pub(crate) async fn queue(
    connection: &mut PgConnection,
    letter: Letter<'_>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO account_mail (id, kind, user_id, email, created_at, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6)";
    sqlx::query(sql)
        .bind(letter.id)
        .bind(letter.kind)
        .bind(letter.user)
        .bind(letter.email.to_ascii_lowercase())
        .bind(now)
        .bind(now + letter.kind.lifetime())
        .execute(connection)
        .await?;
    Ok(())
}

/// Queues it, unless such a mail went to the address a moment ago, or often lately.
pub(crate) async fn queue_at_times(
    pool: &PgPool,
    letter: Letter<'_>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    // Those that are asked for at once are counted one after the other.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(letter.email)
        .execute(&mut *transaction)
        .await?;
    let sql = "SELECT count(*) FILTER (WHERE created_at > $4) = 0 AND count(*) < $5 FROM account_mail
               WHERE email = $1 AND kind = $2 AND created_at > $3";
    let may: bool = sqlx::query_scalar(sql)
        .bind(letter.email)
        .bind(letter.kind)
        .bind(now - TimeDelta::hours(1))
        .bind(now - PAUSE)
        .bind(AN_HOUR)
        .fetch_one(&mut *transaction)
        .await?;
    if may {
        queue(&mut transaction, letter, now).await?;
    }
    transaction.commit().await
}

/// Lets what was mailed hold no longer: links that would change the password or the address of an account whose
/// password has just been changed, perhaps because somebody else had got in.
pub(crate) async fn void_links(
    connection: &mut PgConnection,
    user: Uuid,
    email: &Email,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let sql = "UPDATE account_mail SET expires_at = $3
               WHERE used_at IS NULL AND expires_at > $3
                 AND (user_id = $1 AND kind = 'change-email' OR email = $2 AND kind = 'reset-password')";
    sqlx::query(sql).bind(user).bind(email.as_str()).bind(now).execute(connection).await?;
    Ok(())
}

/// Forgets mails whose links have long expired.
pub(crate) async fn clean_up(pool: &PgPool, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM account_mail WHERE expires_at < $1")
        .bind(now - TimeDelta::days(1))
        .execute(pool)
        .await?;
    Ok(())
}
