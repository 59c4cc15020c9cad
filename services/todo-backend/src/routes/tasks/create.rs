//! `POST /api/v1/tasks`: a new task.

use axum::extract::State;
use contracts::api;
use platform::{Json, Problem};
use serde_json::Value;

use crate::{
    app::App,
    caller::Caller,
    commands::{self, Answer},
    idempotency::Idempotency,
    input,
    openapi::{BodyProblems, CallerProblems, PassingProblems, RoleProblems},
    scope::WriteTasks,
    subtasks,
};

/// Creates a task.
#[utoipa::path(
    post, path = "/api/v1/tasks", tag = "tasks", security(("access_token" = []), ("api_token" = ["tasks:write"])), request_body = api::TaskInput,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    responses(
        (status = 201, description = "The task", body = api::Task, headers(
            ("Location" = String, description = "The task's path"),
            ("ETag" = String, description = "The task's version, in quotes"),
        )),
        BodyProblems, CallerProblems, PassingProblems, RoleProblems,
    ),
)]
pub(crate) async fn create_task(
    State(app): State<App>,
    caller: Caller<WriteTasks>,
    idempotency: Idempotency,
    Json(body): Json<Value>,
) -> Result<Answer, Problem> {
    let task = idempotency.new_task_id(caller.id, app.ids.as_ref());
    let command = idempotency.command(caller.id, app.ids.as_ref(), &body)?;
    let message = async {
        let mut create = input::task::new_task(body, caller.id, caller.zone)?;
        if let (Some(parent), None) = (create.planning.parent, create.planning.project) {
            create.planning.project = subtasks::project_of(&app.pool, parent).await?;
        }
        Ok(create)
    };
    commands::carry_out(&app, task, command, message).await.map(Answer::created)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::test_support::Backend;

    #[sqlx::test(migrations = false)]
    async fn a_task_is_created_once_under_its_key(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let create = async |user: &crate::test_support::User, body: serde_json::Value| {
            backend
                .request("POST", "/api/v1/tasks")
                .token(&user.token)
                .header("idempotency-key", "k")
                .json(body)
                .send()
                .await
        };
        let first = create(&ada, json!({"title": "Water the plants", "due": {"date": "2026-12-01"}})).await;
        assert_eq!(first.status, 201);
        let id = first.body["id"].as_str().unwrap();
        assert_eq!(first.headers["location"], format!("/api/v1/tasks/{id}"));
        assert_eq!(first.headers["etag"], "\"1\"");

        let again = create(&ada, json!({"due": {"date": "2026-12-01"}, "title": "Water the plants"})).await;
        assert_eq!((again.status, &again.body), (201, &first.body));
        let other = create(&ada, json!({"title": "Something else"})).await;
        assert_eq!((other.status, other.kind()), (422, "/api/problems/idempotency-key-reused"));
        let bob = backend.user("bob@example.org").await;
        let his = create(&bob, json!({"title": "Something else"})).await;
        assert_eq!(his.status, 201, "another user's key is another key");
        assert_ne!(his.body["id"], first.body["id"]);
    }

    #[sqlx::test(migrations = false)]
    async fn without_an_actor_host_the_answer_is_a_503_to_try_again(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        backend.actors.go_down();
        let answer = backend
            .request("POST", "/api/v1/tasks")
            .token(&ada.token)
            .json(json!({"title": "x"}))
            .send()
            .await;
        assert_eq!((answer.status, answer.kind()), (503, "/api/problems/unavailable"));
        assert_eq!(answer.headers["retry-after"], "1");
    }
}
