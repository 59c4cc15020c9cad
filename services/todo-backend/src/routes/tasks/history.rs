//! `GET /api/v1/tasks/{id}/history`: what the audit service knows of a task.

use axum::extract::State;
use contracts::api;
use platform::{Json, Problem};

use crate::{
    access,
    app::App,
    caller::Caller,
    history::{self, Of},
    openapi::{CallerProblems, ParameterProblems, PassingProblems, TaskProblems},
    query::Query,
    scope::ReadTasks,
    task_path::TaskPath,
};

/// What happened to a task, also to one in the trash; oldest first.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/history", tag = "tasks", security(("access_token" = []), ("api_token" = ["tasks:read"])),
    params(
        ("id" = uuid::Uuid, Path),
        ("limit" = Option<u32>, Query, description = "How many, 50 unless given", minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of the history", body = api::Page<api::HistoryEntry>),
        CallerProblems, PassingProblems, TaskProblems, ParameterProblems,
    ),
)]
pub(crate) async fn task_history(
    State(app): State<App>,
    caller: Caller<ReadTasks>,
    TaskPath(task): TaskPath,
    mut query: Query,
) -> Result<Json<api::Page<api::HistoryEntry>>, Problem> {
    let (limit, cursor) = (query.limit(), query.foreign_cursor());
    query.finish()?;
    access::to_see(&app.pool, &caller, task).await?;
    history::read(&app, Of::Task(task), limit, cursor).await.map(Json)
}

#[cfg(test)]
mod tests {
    use axum::{Json, Router, extract::RawQuery, response::IntoResponse, routing::get};
    use http::StatusCode;
    use serde_json::json;
    use sqlx::PgPool;

    use crate::test_support::Backend;

    /// The sidecar's service invocation with an audit service behind it.
    async fn entries(RawQuery(query): RawQuery) -> axum::response::Response {
        let query = query.unwrap_or_default();
        if query.contains("cursor=forged") {
            return StatusCode::UNPROCESSABLE_ENTITY.into_response();
        }
        let entry = json!({"event_id": uuid::Uuid::nil(), "type": "task.created", "at": "2026-12-01T08:00:00Z", "version": 1, "asked": query, "series": {"series_id": uuid::Uuid::nil()}});
        Json(json!({"items": [entry], "next_cursor": "abc"})).into_response()
    }

    #[sqlx::test(migrations = false)]
    async fn the_audit_service_answers_for_own_tasks(pool: PgPool) {
        let audit = Router::new().route("/v1.0/invoke/audit-service/method/entries", get(entries));
        let backend = Backend::with_services(pool, audit).await;
        let ada = backend.user("ada@example.org").await;
        let task = ada.create(&backend, "Water the plants").await;
        let get = async |query: &str| {
            backend.request("GET", &format!("{task}/history{query}")).token(&ada.token).send().await
        };
        let history = get("?limit=3&cursor=x").await;
        assert_eq!(history.status, 200);
        assert_eq!(history.body["items"][0]["type"], "task.created");
        assert_eq!(history.body["items"][0].get("series"), None, "it is for the series' actor");
        assert_eq!(history.body["next_cursor"], "abc");
        let id = task.rsplit('/').next().unwrap();
        assert_eq!(history.body["items"][0]["asked"], format!("task_id={id}&limit=3&cursor=x"));

        let forged = get("?cursor=forged").await;
        assert_eq!((forged.status, forged.fields()), (422, vec!["cursor".to_owned()]));
        backend.request("DELETE", &task).token(&ada.token).send().await;
        assert_eq!(get("").await.status, 200, "what is in the trash has a history");
    }

    #[sqlx::test(migrations = false)]
    async fn without_it_the_answer_is_a_503(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let task = ada.create(&backend, "Water the plants").await;
        let answer = backend.request("GET", &format!("{task}/history")).token(&ada.token).send().await;
        assert_eq!((answer.status, answer.kind()), (503, "/api/problems/unavailable"));
    }
}
