//! `DELETE /api/v1/projects/{id}`.

use axum::extract::State;
use contracts::project::DeleteProject;
use http::StatusCode;
use platform::Problem;

use crate::{
    app::App,
    caller::Caller,
    idempotency::Idempotency,
    openapi::{
        CallerProblems, ChangeProblems, ParameterProblems, PassingProblems, ProjectProblems, RoleProblems,
    },
    precondition::IfMatch,
    project_commands,
    project_path::ProjectPath,
    scope::WriteProjects,
};

/// Puts a project into the trash, and its tasks with it, a moment later. This is for its owner.
#[utoipa::path(
    delete, path = "/api/v1/projects/{id}", tag = "projects", security(("access_token" = []), ("api_token" = ["projects:write"])),
    params(
        ("id" = uuid::Uuid, Path),
        ("If-Match" = Option<String>, Header, description = "The version to delete, as in `ETag`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again"),
    ),
    responses(
        (status = 204, description = "It is in the trash"),
        CallerProblems, PassingProblems, ProjectProblems, RoleProblems, ChangeProblems, ParameterProblems,
    ),
)]
pub(crate) async fn delete_project(
    State(app): State<App>,
    caller: Caller<WriteProjects>,
    ProjectPath(project): ProjectPath,
    IfMatch(if_version): IfMatch,
    idempotency: Idempotency,
) -> Result<StatusCode, Problem> {
    let command = idempotency.command(caller.id, app.ids.as_ref(), &if_version)?;
    let message = async { Ok(DeleteProject { user: caller.id, if_version }) };
    project_commands::carry_out(&app, project, command, message).await?;
    Ok(StatusCode::NO_CONTENT)
}
