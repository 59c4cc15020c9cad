//! `GET /api/v1/tasks/{id}`.

use axum::extract::State;
use contracts::api;
use platform::Problem;

use crate::{
    app::App,
    caller::Caller,
    commands::Answer,
    openapi::{CallerProblems, PassingProblems, TaskProblems},
    scope::ReadTasks,
    task_path::TaskPath,
    tasks,
};

/// A task.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}", tag = "tasks", security(("access_token" = []), ("api_token" = ["tasks:read"])),
    params(("id" = uuid::Uuid, Path)),
    responses(
        (status = 200, description = "The task", body = api::Task,
            headers(("ETag" = String, description = "The task's version, in quotes"))),
        CallerProblems, PassingProblems, TaskProblems,
    ),
)]
pub(crate) async fn get_task(
    State(app): State<App>,
    caller: Caller<ReadTasks>,
    TaskPath(task): TaskPath,
) -> Result<Answer, Problem> {
    tasks::find(&app.pool, caller.id, task).await.map(Answer::ok)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::test_support::Backend;

    #[sqlx::test(migrations = false)]
    async fn somebody_elses_task_is_not_there(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let bob = backend.user("bob@example.org").await;
        let task = ada.create(&backend, "Water the plants").await;
        assert_eq!(backend.request("GET", &task).token(&ada.token).send().await.status, 200);

        let (complete, history) = (format!("{task}/complete"), format!("{task}/history"));
        for (method, path) in
            [("GET", &task), ("PATCH", &task), ("DELETE", &task), ("POST", &complete), ("GET", &history)]
        {
            let request = backend.request(method, path).token(&bob.token);
            let answer =
                if method == "PATCH" { request.json(json!({"title": "mine"})) } else { request }.send().await;
            assert_eq!((answer.status, answer.kind()), (404, "/api/problems/not-found"), "{method} {path}");
        }
        assert_eq!(
            backend.request("GET", "/api/v1/tasks").token(&bob.token).send().await.body["items"],
            json!([])
        );
    }
}
