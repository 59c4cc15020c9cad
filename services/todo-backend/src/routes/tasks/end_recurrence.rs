//! `POST /api/v1/tasks/{id}/recurrence/end`.

use axum::extract::State;
use contracts::{api, task::EndRecurrence};
use platform::Problem;

use crate::{
    access,
    app::App,
    caller::Caller,
    commands::{self, Answer},
    idempotency::Idempotency,
    openapi::{
        CallerProblems, ChangeProblems, ParameterProblems, PassingProblems, RoleProblems, TaskProblems,
    },
    precondition::IfMatch,
    scope::WriteTasks,
    task_path::TaskPath,
};

/// Makes an instance the last of its series. Doing it again changes nothing.
#[utoipa::path(
    post, path = "/api/v1/tasks/{id}/recurrence/end", tag = "tasks", security(("access_token" = []), ("api_token" = ["tasks:write"])),
    params(
        ("id" = uuid::Uuid, Path),
        ("If-Match" = Option<String>, Header, description = "The version to change, as in `ETag`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again"),
    ),
    responses(
        (status = 200, description = "The task", body = api::Task,
            headers(("ETag" = String, description = "The task's version, in quotes"))),
        CallerProblems, PassingProblems, TaskProblems, RoleProblems, ChangeProblems, ParameterProblems,
    ),
)]
pub(crate) async fn end_recurrence(
    State(app): State<App>,
    caller: Caller<WriteTasks>,
    TaskPath(task): TaskPath,
    IfMatch(if_version): IfMatch,
    idempotency: Idempotency,
) -> Result<Answer, Problem> {
    let command = idempotency.command(caller.id, app.ids.as_ref(), &if_version)?;
    let message = async {
        let access = access::to_change(&app.pool, &caller, task).await?;
        Ok(EndRecurrence { user: caller.id, via: access.via, if_version })
    };
    commands::carry_out(&app, task, command, message).await.map(Answer::ok)
}
