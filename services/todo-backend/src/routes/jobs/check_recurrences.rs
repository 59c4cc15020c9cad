//! `POST /api/jobs/check-recurrences`: the hourly look for missed instances, called by the cron binding.
//!
//! It pokes each series that keeps every occurrence and whose next one's time has come. A poke may come any
//! number of times, so several of these may run at once.

use std::time::Duration;

use axum::extract::State;
use contracts::recurrence::CheckMissed;
use futures::{StreamExt, stream};
use platform::{Json, Problem};
use serde::Serialize;
use sqlx::PgPool;
use utoipa::ToSchema;

use crate::app::App;

const BATCH: i64 = 500;
const AT_A_TIME: usize = 16;
const PATIENCE: Duration = Duration::from_secs(5);

/// What a look for missed instances did.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
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
    let mut sweep = MissedSweep::default();
    let mut after = String::new();
    loop {
        let series = missed(&app.pool, &after).await?;
        let Some(last) = series.last() else { return Ok(Json(sweep)) };
        after.clone_from(last);
        sweep.series += series.len() as u64;
        let mut pokes = stream::iter(series).map(|id| poke(&app, id)).buffer_unordered(AT_A_TIME);
        while let Some(planned) = pokes.next().await {
            match planned {
                Some(planned) => sweep.planned += u64::from(planned),
                None => sweep.failed += 1,
            }
        }
    }
}

async fn missed(pool: &PgPool, after: &str) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT id FROM recurrence WHERE next_at <= now() AND id > $1 ORDER BY id LIMIT $2")
        .bind(after)
        .bind(BATCH)
        .fetch_all(pool)
        .await
}

async fn poke(app: &App, series: String) -> Option<u32> {
    let checked = app.actors.call(&series, &CheckMissed).timeout(PATIENCE).await;
    match checked {
        Ok(checked) => Some(checked.planned),
        Err(error) => {
            tracing::warn!(series, %error, "a series did not answer");
            None
        }
    }
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
