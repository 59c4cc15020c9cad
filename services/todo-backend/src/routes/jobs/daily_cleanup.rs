//! `POST /api/jobs/daily-cleanup`: forgets answers to commands that nobody can repeat any more, and live events that
//! are old or too many; and deletes for good what was in the trash for 30 days.
//!
//! The answer to a command under an idempotency key is kept for 30 days, longer than a broker or a
//! dead-letter topic can replay it; others for an hour. After that, the deterministic ids of what a command makes still keep a very late repetition from doubling it.

use axum::extract::State;
use platform::{Json, Problem};
use serde::Serialize;
use sqlx::PgPool;
use utoipa::ToSchema;

use crate::{account_mail, app::App, live, oidc, throttle, trash};

/// Rows removed in one transaction, so that no lock is held for long.
const BATCH: i64 = 5_000;

/// What a clean-up did.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Cleanup {
    /// Answers to commands that were forgotten.
    answers: u64,
    /// Live events that were forgotten; whoever has not seen them reads everything anew.
    events: u64,
    /// Tasks that were deleted for good, 30 days after they went to the trash.
    tasks: u64,
    /// The same of projects, of which no task is left by then.
    projects: u64,
}

/// Removes what is kept for a time only.
#[utoipa::path(
    post, path = "/api/jobs/daily-cleanup", tag = "jobs",
    responses(
        (status = 200, description = "What the clean-up did", body = Cleanup),
        (status = 503, description = "The database does not answer", body = platform::problem::Body,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn daily_cleanup(State(app): State<App>) -> Result<Json<Cleanup>, Problem> {
    let now = app.clock.now();
    account_mail::clean_up(&app.pool, now).await?;
    throttle::clean_up(&app.pool, now).await?;
    oidc::clean_up(&app.pool, now).await?;
    let events = live::prune(&app.pool).await?;
    let (tasks, failed_tasks) = trash::purge_old_tasks(&app).await?;
    let (projects, failed_projects) = trash::purge_old_projects(&app).await?;
    if failed_tasks + failed_projects > 0 {
        tracing::warn!(
            failed_tasks,
            failed_projects,
            "some are still in the trash; the next clean-up tries again"
        );
    }
    let mut answers = 0;
    loop {
        let removed = forget_answers(&app.pool).await?;
        answers += removed;
        if removed < BATCH.unsigned_abs() {
            return Ok(Json(Cleanup { answers, events, tasks, projects }));
        }
    }
}

/// One batch. Clean-ups of several replicas may run at once: each takes rows the others have not.
async fn forget_answers(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let removed = sqlx::query(
        "DELETE FROM actor_command WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM actor_command WHERE kept_until < now()
             ORDER BY kept_until LIMIT $1 FOR UPDATE SKIP LOCKED
         ))",
    )
    .bind(BATCH)
    .execute(pool)
    .await?;
    Ok(removed.rows_affected())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::test_support::Backend;

    #[sqlx::test(migrations = false)]
    async fn old_answers_are_forgotten_and_others_kept(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        sqlx::query(
            "INSERT INTO actor_command (actor_type, actor_id, command_id, fingerprint, outcome, kept_until)
             SELECT 'Task', n::text, gen_random_uuid(), '', '{}', now() + (30.5 - n) * interval '1 day'
             FROM generate_series(1, 12000) AS n",
        )
        .execute(&pool)
        .await
        .unwrap();
        let answer = backend.post("/api/jobs/daily-cleanup", json!({})).await;
        assert_eq!((answer.status, &answer.body["answers"]), (200, &11_970.into()));
        let oldest: i64 =
            sqlx::query_scalar("SELECT count(*) FROM actor_command").fetch_one(&pool).await.unwrap();
        assert_eq!(oldest, 30);
        assert_eq!(backend.post("/api/jobs/daily-cleanup", json!({})).await.body["answers"], 0);
    }
}
