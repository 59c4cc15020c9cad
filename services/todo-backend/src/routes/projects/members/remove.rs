//! `DELETE /api/v1/projects/{id}/members/{user_id}`: a project is shared with somebody no more.

use axum::extract::State;
use contracts::project::RemoveMember;
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
    project_path::MemberPath,
    scope::WriteProjects,
};

/// Shares a project with a member no more: for its owner, and for the member, who leaves it.
///
/// What they may not see any more is closed to them at once. Tasks they made stay in the project.
#[utoipa::path(
    delete, path = "/api/v1/projects/{id}/members/{user_id}", tag = "projects", security(("access_token" = []), ("api_token" = ["projects:write"])),
    params(
        ("id" = uuid::Uuid, Path),
        ("user_id" = uuid::Uuid, Path),
        ("If-Match" = Option<String>, Header, description = "The project's version, as in `ETag`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again"),
    ),
    responses(
        (status = 204, description = "They are no member"),
        CallerProblems, PassingProblems, ProjectProblems, RoleProblems, ChangeProblems, ParameterProblems,
    ),
)]
pub(crate) async fn remove_member(
    State(app): State<App>,
    caller: Caller<WriteProjects>,
    MemberPath(project, member): MemberPath,
    IfMatch(if_version): IfMatch,
    idempotency: Idempotency,
) -> Result<StatusCode, Problem> {
    let command = idempotency.command(caller.id, app.ids.as_ref(), &if_version)?;
    let message = async { Ok(RemoveMember { user: caller.id, if_version, member }) };
    project_commands::carry_out(&app, project, command, message).await?;
    Ok(StatusCode::NO_CONTENT)
}
