//! `POST /api/jobs/check-reminders`: the minute's sweep, called by the cron binding of every replica.
//!
//! A net under the reminder clocks: it pokes each user's `ReminderSchedule` that has something overdue, or due before
//! the sweep after next. It is spread once more when the process starts, and every few seconds for what is overdue,
//! so that a clock that is stuck with a frozen host is not waited for. A poke may come any number of times.

use std::{sync::LazyLock, time::Duration};

use axum::extract::State;
use contracts::reminder_schedule::CheckReminders;
use platform::{Json, Problem};
use prometheus::{IntCounterVec, register_int_counter_vec};
use serde::Serialize;
use sqlx::PgPool;
use utoipa::ToSchema;
use uuid::Uuid;

use super::pokes::poke_all;
use crate::app::App;

const BATCH: i64 = 500;
const PATIENCE: Duration = Duration::from_secs(5);
/// For a minute; then the cron binding has taken over.
const START_TRIES: u32 = 60;
const START_PAUSE: Duration = Duration::from_secs(1);
/// How often it is looked for what is overdue: normally nothing, so that costs one look into an index.
const OVERDUE_PAUSE: Duration = Duration::from_secs(5);

static POKES: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "reminder_sweep_pokes_total",
        "Reminder schedules poked by the sweep, by how that went.",
        &["outcome"]
    )
    .expect("registered once, under a name of its own")
});

/// What a sweep did.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Sweep {
    /// Users with something due soon or overdue.
    users: u64,
    /// How many of their schedules did not answer.
    failed: u64,
    /// Reminders that the pokes fired.
    fired: u64,
    /// The minute's sweep before still runs, so this one did nothing.
    skipped: bool,
}

/// Checks the reminders that are overdue or due within 90 seconds.
#[utoipa::path(
    post, path = "/api/jobs/check-reminders", tag = "jobs",
    responses(
        (status = 200, description = "What the sweep did", body = Sweep),
        (status = 503, description = "The database does not answer", body = platform::problem::Body,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn check_reminders(State(app): State<App>) -> Result<Json<Sweep>, Problem> {
    // The minute's sweep is not to pile up; what is looked for in between must not keep it from running.
    let Ok(_running) = app.sweep.try_lock() else {
        return Ok(Json(Sweep { skipped: true, ..Sweep::default() }));
    };
    Ok(Json(sweep(&app, Due::Soon).await?))
}

/// Whom a sweep looks for.
#[derive(Clone, Copy)]
enum Due {
    /// Also whose time comes before the sweep after next, to have their clocks set.
    Soon,
    /// Only whose time has passed for longer than a clock that runs would need.
    Passed,
}

impl Due {
    /// Seconds from now.
    fn horizon(self) -> f64 {
        match self {
            Due::Soon => 90.0,
            Due::Passed => -5.0,
        }
    }
}

/// Sweeps at start and, from then on, for what is overdue.
pub(crate) async fn keep_sweeping(app: App) {
    sweep_at_start(&app).await;
    loop {
        tokio::time::sleep(OVERDUE_PAUSE).await;
        if let Err(error) = sweep(&app, Due::Passed).await {
            tracing::debug!(%error, "it could not be looked for what is overdue");
        }
    }
}

/// The first sweep, without waiting for the minute: what came due while everything was down is told
/// as soon as its actors can be reached.
async fn sweep_at_start(app: &App) {
    for _ in 0..START_TRIES {
        match sweep(app, Due::Soon).await {
            Ok(Sweep { failed: 0, .. }) => return,
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "the first sweep has to wait for the database"),
        }
        tokio::time::sleep(START_PAUSE).await;
    }
}

async fn sweep(app: &App, due: Due) -> Result<Sweep, sqlx::Error> {
    let pokes =
        poke_all(Uuid::nil(), |after| due_users(&app.pool, due, after), |user| poke(app, user)).await?;
    POKES.with_label_values(&["answered"]).inc_by(pokes.sent - pokes.failed);
    POKES.with_label_values(&["failed"]).inc_by(pokes.failed);
    Ok(Sweep { users: pokes.sent, failed: pokes.failed, fired: pokes.did, skipped: false })
}

/// By the database's clock, which is the one reminders fire by.
async fn due_users(pool: &PgPool, due: Due, after: Uuid) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT DISTINCT user_id FROM reminder
         WHERE status = 'pending' AND fires_at <= now() + make_interval(secs => $1) AND user_id > $2
         ORDER BY user_id LIMIT $3",
    )
    .bind(due.horizon())
    .bind(after)
    .bind(BATCH)
    .fetch_all(pool)
    .await
}

async fn poke(app: &App, user: Uuid) -> Result<u32, String> {
    let id = user.to_string();
    let checked = app.actors.call(&id, &CheckReminders).timeout(PATIENCE).await;
    checked.map(|checked| checked.fired).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sqlx::PgPool;
    use uuid::Uuid;

    use crate::test_support::Backend;

    async fn remind(pool: &PgPool, user: u128, seconds: i32, status: &str) {
        sqlx::query(
            "INSERT INTO reminder (reminder_id, generation, task_id, user_id, title, fires_at, status)
             VALUES (gen_random_uuid(), 1, gen_random_uuid(), $1, 'x', now() + make_interval(secs => $2), $3)",
        )
        .bind(Uuid::from_u128(user))
        .bind(seconds)
        .bind(status)
        .execute(pool)
        .await
        .unwrap();
    }

    #[sqlx::test(migrations = false)]
    async fn who_has_something_due_soon_is_poked_once(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        for (user, seconds, status) in [
            (1, -3600, "pending"),
            (1, 30, "pending"),
            (2, 80, "pending"),
            (3, 300, "pending"),
            (4, -10, "fired"),
        ] {
            remind(&pool, user, seconds, status).await;
        }
        let answer = backend.post("/api/jobs/check-reminders", json!({})).await;
        assert_eq!(
            (answer.status, &answer.body["users"], &answer.body["failed"]),
            (200, &2.into(), &0.into())
        );
        let mut poked = backend.actors.poked();
        poked.sort();
        assert_eq!(poked, [1, 2].map(|user| Uuid::from_u128(user).to_string()));
        assert_eq!(backend.request("OPTIONS", "/api/jobs/check-reminders").send().await.status, 200);
    }

    #[sqlx::test(migrations = false)]
    async fn between_the_minutes_only_the_overdue_are_poked(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        for (user, seconds) in [(1, -60), (2, 30), (3, 0)] {
            remind(&pool, user, seconds, "pending").await;
        }
        // The minute's sweep and these neither wait for nor replace one another.
        let _minute = backend.app.sweep.lock().await;
        assert_eq!(super::sweep(&backend.app, super::Due::Passed).await.unwrap().users, 1);
        assert_eq!(backend.actors.poked(), [Uuid::from_u128(1).to_string()]);
    }

    #[sqlx::test(migrations = false)]
    async fn more_than_a_batch_is_swept_whole(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        sqlx::query(
            "INSERT INTO reminder (reminder_id, generation, task_id, user_id, title, fires_at)
             SELECT gen_random_uuid(), 1, gen_random_uuid(), gen_random_uuid(), 'x', now() FROM generate_series(1, 1203)",
        )
        .execute(&pool)
        .await
        .unwrap();
        assert_eq!(backend.post("/api/jobs/check-reminders", json!({})).await.body["users"], 1203);
        assert_eq!(backend.actors.poked().len(), 1203);
    }

    #[sqlx::test(migrations = false)]
    async fn schedules_that_do_not_answer_are_counted(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        remind(&pool, 1, 0, "pending").await;
        backend.actors.refuse();
        let answer = backend.post("/api/jobs/check-reminders", json!({})).await;
        assert_eq!((answer.status, &answer.body["failed"]), (200, &1.into()));
    }

    #[sqlx::test(migrations = false)]
    async fn two_sweeps_do_not_run_at_once(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let _running = backend.app.sweep.lock().await;
        assert_eq!(backend.post("/api/jobs/check-reminders", json!({})).await.body["skipped"], true);
    }
}
