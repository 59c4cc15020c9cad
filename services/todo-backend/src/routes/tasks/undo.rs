//! `POST /api/v1/tasks/{id}/undo`.

use axum::extract::State;
use contracts::{api, task::UndoTask};
use platform::Problem;

use crate::{
    access,
    app::App,
    caller::Caller,
    commands::{self, Answer},
    idempotency::Idempotency,
    openapi::{
        CallerProblems, ChangeProblems, ParameterProblems, PassingProblems, RoleProblems, TaskProblems,
        UndoProblems,
    },
    precondition::IfMatch,
    scope::WriteTasks,
    task_path::TaskPath,
};

/// Undoes the last change of a task, whatever it was: an edit, completing, skipping, reopening, deleting, restoring.
///
/// Its reminders are as before; what passed meanwhile stays silent. Undoing again does the change again. Give
/// `If-Match`, so that it is the change you have seen. Creating a task is undone by deleting it.
#[utoipa::path(
    post, path = "/api/v1/tasks/{id}/undo", tag = "tasks", security(("access_token" = []), ("api_token" = ["tasks:write"])),
    params(
        ("id" = uuid::Uuid, Path),
        ("If-Match" = Option<String>, Header, description = "The version to change, as in `ETag`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again"),
    ),
    responses(
        (status = 200, description = "The task", body = api::Task,
            headers(("ETag" = String, description = "The task's version, in quotes"))),
        CallerProblems, PassingProblems, TaskProblems, RoleProblems, UndoProblems, ChangeProblems, ParameterProblems,
    ),
)]
pub(crate) async fn undo_task(
    State(app): State<App>,
    caller: Caller<WriteTasks>,
    TaskPath(task): TaskPath,
    IfMatch(if_version): IfMatch,
    idempotency: Idempotency,
) -> Result<Answer, Problem> {
    let command = idempotency.command(caller.id, app.ids.as_ref(), &if_version)?;
    let message = async {
        let access = access::to_change(&app.pool, &caller, task).await?;
        Ok(UndoTask { user: caller.id, via: access.via, if_version, zone: access.zone })
    };
    commands::carry_out(&app, task, command, message).await.map(Answer::ok)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;
    use sqlx::PgPool;

    use crate::test_support::Backend;

    #[sqlx::test(migrations = false)]
    async fn the_last_change_is_undone_and_done_again(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let task = ada.create(&backend, "Water the plants").await;
        let undo = async |tag: &str| {
            backend.clock.advance(TimeDelta::seconds(1));
            let request = backend.request("POST", &format!("{task}/undo")).token(&ada.token);
            request.header("if-match", tag).send().await
        };
        let nothing = undo("*").await;
        assert_eq!((nothing.status, nothing.kind()), (409, "/api/problems/nothing-to-undo"));

        let edit = backend.request("PATCH", &task).token(&ada.token).json(json!({"title": "Feed the cat"}));
        assert_eq!(edit.send().await.status, 200);
        assert_eq!(undo("\"1\"").await.status, 412, "somebody was faster");
        assert_eq!(undo("\"2\"").await.body["title"], "Water the plants");
        assert_eq!(undo("\"3\"").await.body["title"], "Feed the cat");

        assert_eq!(backend.request("DELETE", &task).token(&ada.token).send().await.status, 204);
        assert_eq!(undo("*").await.status, 200, "also out of the trash");
        assert_eq!(
            backend.request("GET", &task).token(&ada.token).send().await.body["title"],
            "Feed the cat"
        );
    }
}
