//! `POST /api/v1/projects/{id}/restore`.

use axum::extract::State;
use contracts::{api, project::RestoreProject};
use platform::Problem;

use crate::{
    app::App,
    caller::Caller,
    idempotency::Idempotency,
    openapi::{
        CallerProblems, ChangeProblems, ParameterProblems, PassingProblems, ProjectProblems, RoleProblems,
    },
    precondition::IfMatch,
    project_commands::{self, Answer},
    project_path::ProjectPath,
    scope::WriteProjects,
};

/// Takes a project out of the trash, with the people who shared it, and the tasks that went there with it, a
/// moment later.
#[utoipa::path(
    post, path = "/api/v1/projects/{id}/restore", tag = "projects", security(("access_token" = []), ("api_token" = ["projects:write"])),
    params(
        ("id" = uuid::Uuid, Path),
        ("If-Match" = Option<String>, Header, description = "The version to change, as in `ETag`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again"),
    ),
    responses(
        (status = 200, description = "The project", body = api::Project,
            headers(("ETag" = String, description = "The project's version, in quotes"))),
        CallerProblems, PassingProblems, ProjectProblems, RoleProblems, ChangeProblems, ParameterProblems,
    ),
)]
pub(crate) async fn restore_project(
    State(app): State<App>,
    caller: Caller<WriteProjects>,
    ProjectPath(project): ProjectPath,
    IfMatch(if_version): IfMatch,
    idempotency: Idempotency,
) -> Result<Answer, Problem> {
    let command = idempotency.command(caller.id, app.ids.as_ref(), &if_version)?;
    let message = async { Ok(RestoreProject { user: caller.id, if_version }) };
    let restored = project_commands::carry_out(&app, project, command, message).await?;
    Ok(Answer::ok(caller.id, &restored))
}
