//! `DELETE /api/v1/tasks/{id}`: into the trash.

use axum::extract::State;
use contracts::task::DeleteTask;
use http::StatusCode;
use platform::Problem;

use crate::{
    access,
    app::App,
    caller::Caller,
    commands,
    idempotency::Idempotency,
    openapi::{
        CallerProblems, ChangeProblems, ParameterProblems, PassingProblems, RoleProblems, TaskProblems,
    },
    precondition::IfMatch,
    scope::WriteTasks,
    task_path::TaskPath,
};

/// Puts a task in the trash, from where `restore` takes it out. Doing it again changes nothing.
#[utoipa::path(
    delete, path = "/api/v1/tasks/{id}", tag = "tasks", security(("access_token" = []), ("api_token" = ["tasks:write"])),
    params(
        ("id" = uuid::Uuid, Path),
        ("If-Match" = Option<String>, Header, description = "The version to change, as in `ETag`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again"),
    ),
    responses(
        (status = 204, description = "It is in the trash"),
        CallerProblems, PassingProblems, TaskProblems, RoleProblems, ChangeProblems, ParameterProblems,
    ),
)]
pub(crate) async fn delete_task(
    State(app): State<App>,
    caller: Caller<WriteTasks>,
    TaskPath(task): TaskPath,
    IfMatch(if_version): IfMatch,
    idempotency: Idempotency,
) -> Result<StatusCode, Problem> {
    let command = idempotency.command(caller.id, app.ids.as_ref(), &if_version)?;
    let message = async {
        let access = access::to_change(&app.pool, &caller, task).await?;
        Ok(DeleteTask { user: caller.id, via: access.via, if_version })
    };
    commands::carry_out(&app, task, command, message).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use crate::test_support::Backend;

    #[sqlx::test(migrations = false)]
    async fn a_task_goes_through_its_life(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let task = ada.create(&backend, "Water the plants").await;
        let post = async |what: &str| {
            backend.request("POST", &format!("{task}/{what}")).token(&ada.token).send().await
        };
        let request = |method: &'static str| backend.request(method, &task).token(&ada.token);

        let done = post("complete").await;
        assert_eq!(
            (done.status, &done.body["status"], &done.body["version"]),
            (200, &"done".into(), &2.into())
        );
        let again = post("complete").await;
        assert_eq!((again.status, &again.body["version"]), (200, &2.into()), "it is done already");
        assert_eq!(post("reopen").await.body["status"], "open");

        assert_eq!(request("DELETE").send().await.status, 204);
        assert_eq!(request("DELETE").send().await.status, 204, "it is in the trash already");
        for answer in [request("GET").send().await, post("complete").await, post("reopen").await] {
            assert_eq!((answer.status, answer.kind()), (404, "/api/problems/task-deleted"));
        }
        let restored = post("restore").await;
        assert_eq!((restored.status, &restored.body["version"]), (200, &5.into()));
        assert_eq!(request("GET").send().await.body, restored.body);
    }

    #[sqlx::test(migrations = false)]
    async fn a_stale_version_is_refused(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let task = ada.create(&backend, "Water the plants").await;
        let delete = async |tag: &str| {
            backend.request("DELETE", &task).token(&ada.token).header("if-match", tag).send().await
        };
        for stale in ["\"7\"", "W/\"1\"", "\"x\""] {
            let answer = delete(stale).await;
            assert_eq!((answer.status, answer.kind()), (412, "/api/problems/version-mismatch"), "{stale}");
            assert_eq!(answer.headers["etag"], "\"1\"");
        }
        assert_eq!(delete("7").await.status, 422);
        assert_eq!(delete("\"1\"").await.status, 204);
        assert_eq!(delete("*").await.status, 204);
    }
}
