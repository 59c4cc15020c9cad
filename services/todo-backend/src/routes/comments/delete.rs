//! `DELETE /api/v1/tasks/{id}/comments/{comment}`.

use axum::extract::State;
use contracts::task::DeleteComment;
use domain::Role;
use http::StatusCode;
use platform::Problem;

use crate::{
    access,
    app::App,
    caller::Caller,
    commands,
    idempotency::Idempotency,
    openapi::{CallerProblems, ParameterProblems, PassingProblems, RoleProblems, TaskProblems},
    scope::WriteTasks,
    task_path::CommentPath,
};

/// Deletes a comment: for its author, whoever made the task, and the owner of its project.
#[utoipa::path(
    delete, path = "/api/v1/tasks/{id}/comments/{comment}", tag = "comments", security(("access_token" = []), ("api_token" = ["tasks:write"])),
    params(
        ("id" = uuid::Uuid, Path),
        ("comment" = uuid::Uuid, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        CallerProblems, PassingProblems, TaskProblems, RoleProblems, ParameterProblems,
    ),
)]
pub(crate) async fn delete_comment(
    State(app): State<App>,
    caller: Caller<WriteTasks>,
    CommentPath(task, id): CommentPath,
    idempotency: Idempotency,
) -> Result<StatusCode, Problem> {
    let command = idempotency.command(caller.id, app.ids.as_ref(), &())?;
    let message = async {
        let access = access::to_see(&app.pool, &caller, task).await?;
        let moderates = access.role == Role::Owner;
        Ok(DeleteComment { user: caller.id, via: access.via, moderates, id })
    };
    commands::carry_out(&app, task, command, message).await?;
    Ok(StatusCode::NO_CONTENT)
}
