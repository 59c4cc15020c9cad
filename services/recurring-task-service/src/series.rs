//! `GET /api/recurring/{task_id}`: the series a task belongs to, for other services.

use std::time::Duration;

use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use chrono::NaiveDateTime;
use contracts::recurrence::{Closed, GetSeries, series_id};
use domain::{CountedFrom, Due, Missed};
use platform::{Json, Problem};
use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;
use virtual_actors::{ActorClient, CallError};

/// Shorter than a caller waits.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Clone)]
struct Series {
    pool: PgPool,
    actors: ActorClient,
}

pub(crate) fn routes(pool: PgPool, actors: ActorClient) -> Router {
    Router::new().route("/api/recurring/{task_id}", get(get_series)).with_state(Series { pool, actors })
}

/// A series; times are local, as the rule names them.
#[derive(Debug, Serialize)]
struct SeriesBody {
    series_id: Uuid,
    user_id: Uuid,
    rrule: String,
    text: String,
    start: Due,
    from: CountedFrom,
    missed: Missed,
    exdates: Vec<NaiveDateTime>,
    rdates: Vec<NaiveDateTime>,
    /// No instance comes at this time or later.
    ended: Option<NaiveDateTime>,
    /// The latest ones, oldest first.
    instances: Vec<InstanceBody>,
}

#[derive(Debug, Serialize)]
struct InstanceBody {
    task_id: Uuid,
    occurrence: NaiveDateTime,
    /// Absent while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<Closed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_id: Option<Uuid>,
}

async fn get_series(
    State(Series { pool, actors }): State<Series>,
    Path(task_id): Path<String>,
) -> Result<Json<SeriesBody>, Problem> {
    let none = || Problem::not_found("This task belongs to no series.");
    let task_id: Uuid = task_id.parse().map_err(|_| none())?;
    // The first instance gives the series its id; every other one is somebody's next.
    let found: Option<Uuid> = sqlx::query_scalar(
        "SELECT series_id FROM recurrence_ledger WHERE next_id = $1
         UNION ALL SELECT id::uuid FROM recurrence WHERE id = $2
         LIMIT 1",
    )
    .bind(task_id)
    .bind(series_id(task_id).to_string())
    .fetch_optional(&pool)
    .await?;
    let series_id = found.ok_or_else(none)?;
    let snapshot = match actors.call(&series_id.to_string(), &GetSeries).timeout(PATIENCE).await {
        Ok(snapshot) => snapshot.ok_or_else(none)?,
        Err(CallError::Unavailable(detail)) => {
            tracing::warn!(%series_id, detail, "a series does not answer");
            return Err(Problem::unavailable("The series does not answer now; try again."));
        }
        Err(error) => return Err(Problem::internal(error)),
    };
    let recurrence = snapshot.recurrence;
    let instances = snapshot.instances.into_iter().map(|instance| InstanceBody {
        task_id: instance.task_id,
        occurrence: instance.occurrence,
        closed: instance.closed,
        next_id: instance.next.map(|next| next.task_id),
    });
    Ok(Json(SeriesBody {
        series_id,
        user_id: snapshot.owner.0,
        rrule: recurrence.rule().to_string(),
        text: recurrence.text(),
        start: *recurrence.start(),
        from: recurrence.counted_from(),
        missed: recurrence.missed(),
        exdates: recurrence.exdates().iter().copied().collect(),
        rdates: recurrence.rdates().iter().copied().collect(),
        ended: recurrence.ended(),
        instances: instances.collect(),
    }))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt;
    use serde_json::{Value, json};
    use tower::ServiceExt;

    use super::*;
    use crate::fixture::{Replica, event, next_of, task};

    async fn get(pool: &PgPool, replica: &Replica, task: &str) -> (u16, Value) {
        let routes = routes(pool.clone(), replica.actors.clone());
        let request = Request::get(format!("/api/recurring/{task}")).body(Body::empty()).unwrap();
        let response = routes.oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[sqlx::test(migrations = false)]
    async fn a_series_is_found_by_any_of_its_tasks(pool: PgPool) {
        let replica = Replica::new(&pool).await;
        replica.deliver(&event(1, "task.completed", 2)).await;
        let (status, body) = get(&pool, &replica, &task(1).to_string()).await;
        assert_eq!(status, 200);
        assert_eq!(body["series_id"], series_id(task(1)).to_string());
        assert_eq!((&body["rrule"], &body["text"]), (&json!("FREQ=DAILY"), &json!("every day")));
        assert_eq!(body["start"], json!({ "at": "2026-03-02T09:00:00", "zone": "Europe/Berlin" }));
        assert_eq!((&body["from"], &body["missed"]), (&json!("due"), &json!("skip")));
        assert_eq!(
            body["instances"],
            json!([
                { "task_id": task(1), "occurrence": "2026-03-02T09:00:00", "closed": "completed", "next_id": next_of(1) },
                { "task_id": next_of(1), "occurrence": "2026-03-03T09:00:00" },
            ])
        );
        assert_eq!(get(&pool, &replica, &next_of(1).to_string()).await, (200, body));
    }

    #[sqlx::test(migrations = false)]
    async fn other_tasks_have_none(pool: PgPool) {
        let replica = Replica::new(&pool).await;
        for unknown in [task(9).to_string(), "7".to_owned()] {
            assert_eq!(get(&pool, &replica, &unknown).await.0, 404, "{unknown}");
        }
    }
}
