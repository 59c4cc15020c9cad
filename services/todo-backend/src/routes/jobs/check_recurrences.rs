//! `POST /api/jobs/check-recurrences`: the hourly look for missed instances, called by the cron binding.
//!
//! It pokes each series that keeps every occurrence and whose next one's time has come. A poke may come any
//! number of times, so several of these may run at once.

use std::time::Duration;

use axum::extract::State;
use contracts::recurrence::CheckMissed;
use platform::{Json, Problem};
use serde::Serialize;
use sqlx::PgPool;
use utoipa::ToSchema;

use super::pokes::poke_all;
use crate::app::App;

const BATCH: i64 = 500;
const PATIENCE: Duration = Duration::from_secs(5);

/// What a look for missed instances did.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct MissedSweep {
    /// Series whose next instance's time has come.
    series: u64,
    /// How many of them did not answer.
    failed: u64,
    /// Instances that are to be made.
    planned: u64,
}

/// Plans the instances whose time came while the one before was open.
#[utoipa::path(
    post, path = "/api/jobs/check-recurrences", tag = "jobs",
    responses(
        (status = 200, description = "What the check did", body = MissedSweep),
        (status = 503, description = "The database does not answer", body = platform::problem::Body,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn check_recurrences(State(app): State<App>) -> Result<Json<MissedSweep>, Problem> {
    let pokes =
        poke_all(String::new(), |after| missed(&app.pool, after), |series| poke(&app, series)).await?;
    Ok(Json(MissedSweep { series: pokes.sent, failed: pokes.failed, planned: pokes.did }))
}

async fn missed(pool: &PgPool, after: String) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT id FROM recurrence WHERE next_at <= now() AND id > $1 ORDER BY id LIMIT $2")
        .bind(after)
        .bind(BATCH)
        .fetch_all(pool)
        .await
}

async fn poke(app: &App, series: String) -> Result<u32, String> {
    let checked = app.actors.call(&series, &CheckMissed).timeout(PATIENCE).await;
    checked.map(|checked| checked.planned).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sqlx::PgPool;
    use uuid::Uuid;

    use crate::test_support::Backend;

    #[sqlx::test(migrations = false)]
    async fn each_series_whose_time_has_come_is_poked(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        let id = |n: u128| Uuid::from_u128(n).to_string();
        for (series, next_at) in
            [(1, json!(0)), (2, json!(4_000_000_000_u64)), (3, json!(null)), (4, json!(10))]
        {
            sqlx::query("INSERT INTO recurrence (id, version, state) VALUES ($1, 1, $2)")
                .bind(id(series))
                .bind(json!({"next_at": next_at}))
                .execute(&pool)
                .await
                .unwrap();
        }
        // What was stored is no series, so none of them can answer.
        let answer = backend.post("/api/jobs/check-recurrences", json!({})).await;
        assert_eq!((answer.status, answer.body), (200, json!({"series": 2, "failed": 2, "planned": 0})));
        let mut poked = backend.actors.poked();
        poked.sort();
        assert_eq!(poked, [id(1), id(4)]);
    }
}
