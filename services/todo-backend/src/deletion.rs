//! A person deletes their account: at once nobody is in it any more, and then all that is theirs goes.
//!
//! [`begin`] is one transaction: of the account only its id is left, whatever lets somebody in is gone, and a row of
//! `account_deletion` says what is still to be done. A worker claims it under a lease and does step after step, a batch
//! at a time. Each step looks for what is still there, so whatever died in between, doing it again is right.
//!
//! What was on its way while the account was deleted, a command or an event, may bring something back. So all is gone
//! through once more, when no such command can be under way any longer. Events that come even later are ignored by
//! their subscribers, and the history takes them without their content.

mod rows;
mod steps;
#[cfg(test)]
mod tests;

use contracts::api::live::USER_EVENTS_CHANNEL;
use domain::UserId;
use platform::worker::Work;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use self::steps::{Progress, Step};
use crate::{
    accounts::{self, Account},
    app::App,
};

/// Seconds, by the database's clock. A batch takes less.
const LEASE: f64 = 60.0;
/// Seconds until what failed is tried again.
const PAUSE: f64 = 2.0;
/// Seconds after which no command is under way that was sent before.
const LATEST_COMMAND: f64 = 60.0;
const ROUNDS: i32 = 2;

/// What is done at once to the account `$1`. The last one forgets its address.
const AT_ONCE: [&str; 6] = [
    "DELETE FROM api_token WHERE user_id = $1",
    "DELETE FROM calendar_feed WHERE user_id = $1",
    "DELETE FROM oidc_identity WHERE user_id = $1",
    "DELETE FROM account_totp WHERE user_id = $1",
    // What somebody else asked to be sent there is theirs.
    "DELETE FROM account_mail AS m USING app_user AS u
     WHERE u.id = $1 AND (m.user_id = u.id OR m.user_id IS NULL AND m.email = lower(u.email))",
    "UPDATE app_user SET email = 'deleted:' || id, password_hash = '', time_zone = 'UTC', zone_version = 1,
         registration_key = NULL, email_verified_at = NULL, created_at = now(), deleted_at = now()
     WHERE id = $1",
];

/// What came of the wish to delete an account.
pub(crate) enum Begun {
    Deleted,
    /// Its password was changed since it was checked.
    Changed,
}

/// Deletes the account: from then on nobody is in it. Deleting a deleted one changes nothing.
pub(crate) async fn begin(pool: &PgPool, account: &Account) -> Result<Begun, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let Some(locked) = accounts::lock(&mut transaction, account.id).await? else { return Ok(Begun::Deleted) };
    if locked.password_hash != account.password_hash {
        return Ok(Begun::Changed);
    }
    for sql in AT_ONCE {
        sqlx::query(sql).bind(locked.id).execute(&mut *transaction).await?;
    }
    sqlx::query("INSERT INTO account_deletion (user_id, step) VALUES ($1, $2)")
        .bind(locked.id)
        .bind(Step::FIRST.name())
        .execute(&mut *transaction)
        .await?;
    // The streams of its clients look, and end.
    sqlx::query("SELECT pg_notify($1, $2)")
        .bind(USER_EVENTS_CHANNEL)
        .bind(locked.id.to_string())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    tracing::info!(user = %locked.id, "an account was deleted");
    Ok(Begun::Deleted)
}

/// The worker.
pub(crate) struct Deletions(pub(crate) App);

#[derive(FromRow)]
struct Claimed {
    user_id: Uuid,
    round: i32,
    #[sqlx(try_from = "String")]
    step: Step,
}

impl Work for Deletions {
    const NAME: &'static str = "deleted accounts that are emptied";

    async fn work_once(&self) -> Result<usize, sqlx::Error> {
        let pool = &self.0.pool;
        let Some(claimed) = claim(pool).await? else { return Ok(0) };
        let user = UserId(claimed.user_id);
        match claimed.step.run(&self.0, user).await {
            Ok(Progress::Done) => match claimed.step.next() {
                Some(next) => go_on(pool, &claimed, claimed.round, next, 0.0).await?,
                None if claimed.round < ROUNDS => {
                    go_on(pool, &claimed, claimed.round + 1, Step::FIRST, LATEST_COMMAND).await?;
                }
                None => finish(pool, &claimed).await?,
            },
            Ok(Progress::More) => go_on(pool, &claimed, claimed.round, claimed.step, 0.0).await?,
            Ok(Progress::Waits(failed)) => {
                tracing::warn!(%user, step = claimed.step.name(), failed, "a deleted account is not empty yet");
                go_on(pool, &claimed, claimed.round, claimed.step, PAUSE).await?;
            }
            Err(problem) => {
                tracing::warn!(%user, step = claimed.step.name(), ?problem, "a deleted account is not empty yet");
                go_on(pool, &claimed, claimed.round, claimed.step, PAUSE).await?;
            }
        }
        Ok(1)
    }
}

async fn claim(pool: &PgPool) -> Result<Option<Claimed>, sqlx::Error> {
    sqlx::query_as(
        "UPDATE account_deletion SET due_at = now() + make_interval(secs => $1)
         WHERE user_id = (
             SELECT user_id FROM account_deletion WHERE due_at <= now()
             ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
         )
         RETURNING user_id, round, step",
    )
    .bind(LEASE)
    .fetch_optional(pool)
    .await
}

/// Goes on there in so many seconds, unless somebody did meanwhile.
async fn go_on(pool: &PgPool, of: &Claimed, round: i32, step: Step, seconds: f64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE account_deletion SET round = $4, step = $5, due_at = now() + make_interval(secs => $6)
         WHERE user_id = $1 AND round = $2 AND step = $3",
    )
    .bind(of.user_id)
    .bind(of.round)
    .bind(of.step.name())
    .bind(round)
    .bind(step.name())
    .bind(seconds)
    .execute(pool)
    .await?;
    Ok(())
}

async fn finish(pool: &PgPool, of: &Claimed) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM account_deletion WHERE user_id = $1 AND round = $2 AND step = $3")
        .bind(of.user_id)
        .bind(of.round)
        .bind(of.step.name())
        .execute(pool)
        .await?;
    tracing::info!(user = %of.user_id, "a deleted account is empty");
    Ok(())
}
