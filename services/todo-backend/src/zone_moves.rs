//! A person has moved to another zone: their tasks follow, each by a turn of its actor.
//!
//! What still has to be done is a row of `zone_move`, written with the change itself. A worker claims it under a lease
//! and goes through the tasks by id, a batch at a time, remembering where it is. A task that has moved stays as it is
//! when it is asked again, so whatever died in between, going on from the last batch is right.
//!
//! A command that was on its way while the zone changed still brings the older one. So the tasks are gone through
//! once more, when no such command can be under way any longer.

use std::time::Duration;

use contracts::task::FollowZone;
use domain::{Task, UserId, UserZone};
use futures::{StreamExt, TryStreamExt, future, stream};
use platform::worker::Work;
use sqlx::{FromRow, PgConnection, PgPool, types::Json};
use uuid::Uuid;
use virtual_actors::{CallError, Command, CommandId};

use crate::{accounts, app::App};

const BATCH: i64 = 200;
const AT_A_TIME: usize = 8;
const PATIENCE: Duration = Duration::from_secs(5);
/// Seconds, by the database's clock. A batch takes less.
const LEASE: f64 = 60.0;
/// Seconds until what failed is tried again.
const PAUSE: f64 = 2.0;
/// Seconds after which no command is under way that was sent before the change.
const LATEST_COMMAND: f64 = 60.0;

/// The open tasks whose reminders a zone moves: all-day ones, as others have their own.
const FOLLOWING: &str = "owner = $1 AND NOT done AND NOT deleted AND state -> 'due' ? 'date'
    AND jsonb_array_length(state -> 'reminders') > 0";

/// Notes that the account's tasks have to follow; in the transaction that changes its zone.
pub(crate) async fn begin(
    connection: &mut PgConnection,
    user: Uuid,
    version: i32,
) -> Result<(), sqlx::Error> {
    let noted = sqlx::query(
        "INSERT INTO zone_move (user_id, zone_version) VALUES ($1, $2)
         ON CONFLICT (user_id) DO UPDATE
         SET zone_version = excluded.zone_version, changed_at = now(), after = '', due_at = now()",
    );
    noted.bind(user).bind(version).execute(connection).await?;
    Ok(())
}

/// What a person's tasks are that a zone moves.
pub(crate) async fn following(
    pool: &PgPool,
    user: UserId,
    mut each: impl FnMut(Task),
) -> Result<(), sqlx::Error> {
    let query = sqlx::AssertSqlSafe(format!("SELECT state FROM task WHERE {FOLLOWING}"));
    let mut tasks = sqlx::query_scalar::<_, Json<Task>>(query).bind(user.0).fetch(pool);
    while let Some(Json(task)) = tasks.try_next().await? {
        each(task);
    }
    Ok(())
}

/// The worker.
pub(crate) struct ZoneMoves(pub(crate) App);

#[derive(FromRow)]
struct Claimed {
    user_id: Uuid,
    zone_version: i32,
    after: String,
    /// No command with an older zone is under way any longer.
    last: bool,
}

impl Work for ZoneMoves {
    const NAME: &'static str = "tasks that follow their people's zone";

    async fn work_once(&self) -> Result<usize, sqlx::Error> {
        let pool = &self.0.pool;
        let Some(claimed) = claim(pool).await? else { return Ok(0) };
        let user = UserId(claimed.user_id);
        // The row goes with its account.
        let Some(account) = accounts::by_id(pool, user).await? else { return Ok(1) };
        let Ok(zone) = account.zone() else { return Ok(1) };
        let tasks = batch(pool, user, &claimed.after).await?;
        if let Err(reason) = self.move_all(user, zone, &tasks).await {
            tracing::warn!(user = %user, reason, "tasks do not follow to the new zone yet");
            later(pool, &claimed, &claimed.after, PAUSE).await?;
        } else if let Some(last) = tasks.last() {
            later(pool, &claimed, last, 0.0).await?;
        } else if claimed.last {
            finish(pool, &claimed).await?;
        } else {
            later(pool, &claimed, "", LATEST_COMMAND).await?;
        }
        Ok(1)
    }
}

impl ZoneMoves {
    /// Until the first that cannot be reached. What fails in a way that a retry does not mend stays behind: one such
    /// task must not keep its owner's others from following.
    async fn move_all(&self, user: UserId, zone: UserZone, tasks: &[String]) -> Result<(), String> {
        let moves = stream::iter(tasks.to_vec()).map(|task| async move {
            let message = FollowZone { user, zone };
            // Each look is a command of its own: what was unchanged then may have to move now.
            let command = Command::fresh(CommandId(self.0.ids.next_id()));
            let moved = self.0.actors.call(&task, &message).command(command).timeout(PATIENCE).await;
            match moved {
                Err(CallError::Unavailable(reason)) => Err(reason),
                Err(error @ (CallError::Failed(_) | CallError::Conflict)) => {
                    tracing::error!(task, %error, "a task does not follow to the new zone");
                    Ok(())
                }
                // A refusal: it was deleted, and follows when it is restored.
                Ok(_) | Err(CallError::Refused(_)) => Ok(()),
            }
        });
        moves.buffer_unordered(AT_A_TIME).try_for_each(|()| future::ok(())).await
    }
}

async fn claim(pool: &PgPool) -> Result<Option<Claimed>, sqlx::Error> {
    sqlx::query_as(
        "UPDATE zone_move SET due_at = now() + make_interval(secs => $1)
         WHERE user_id = (
             SELECT user_id FROM zone_move WHERE due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
         )
         RETURNING user_id, zone_version, after, changed_at <= now() - make_interval(secs => $2) AS last",
    )
    .bind(LEASE)
    .bind(LATEST_COMMAND)
    .fetch_optional(pool)
    .await
}

async fn batch(pool: &PgPool, user: UserId, after: &str) -> Result<Vec<String>, sqlx::Error> {
    let query = format!("SELECT id FROM task WHERE {FOLLOWING} AND id > $2 ORDER BY id LIMIT $3");
    sqlx::query_scalar(sqlx::AssertSqlSafe(query)).bind(user.0).bind(after).bind(BATCH).fetch_all(pool).await
}

/// Goes on from `after` in so many seconds, unless the zone was changed again meanwhile.
async fn later(pool: &PgPool, of: &Claimed, after: &str, seconds: f64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE zone_move SET after = $3, due_at = now() + make_interval(secs => $4)
         WHERE user_id = $1 AND zone_version = $2",
    )
    .bind(of.user_id)
    .bind(of.zone_version)
    .bind(after)
    .bind(seconds)
    .execute(pool)
    .await?;
    Ok(())
}

async fn finish(pool: &PgPool, of: &Claimed) -> Result<(), sqlx::Error> {
    let done = sqlx::query("DELETE FROM zone_move WHERE user_id = $1 AND zone_version = $2");
    done.bind(of.user_id).bind(of.zone_version).execute(pool).await?;
    Ok(())
}
