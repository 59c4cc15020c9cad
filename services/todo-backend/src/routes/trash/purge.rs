//! `DELETE /api/v1/trash/{id}`.

use axum::extract::State;
use contracts::task::PurgeTask;
use http::StatusCode;
use platform::Problem;

use crate::{
    access,
    app::App,
    caller::Caller,
    commands,
    idempotency::Idempotency,
    openapi::{CallerProblems, ParameterProblems, PassingProblems, TaskProblems},
    scope::WriteTasks,
    task_path::TaskPath,
};

/// Deletes a task for good, with the subtasks that came to the trash along with it.
#[utoipa::path(
    delete, path = "/api/v1/trash/{id}", tag = "trash", security(("access_token" = []), ("api_token" = ["tasks:write"])),
    params(
        ("id" = uuid::Uuid, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        CallerProblems, PassingProblems, TaskProblems, ParameterProblems,
    ),
)]
pub(crate) async fn purge_task(
    State(app): State<App>,
    caller: Caller<WriteTasks>,
    TaskPath(task): TaskPath,
    idempotency: Idempotency,
) -> Result<StatusCode, Problem> {
    access::to_see(&app.pool, &caller, task).await?;
    let message = PurgeTask { user: caller.id, trashed_before: None };
    let command = idempotency.command_id(caller.id, app.ids.as_ref());
    match commands::send(&app, task, command, &message).await?.task.is_purged() {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found("There is no such task in the trash.")),
    }
}
