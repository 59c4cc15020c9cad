//! `PATCH /api/v1/projects/{id}`.

use axum::extract::State;
use contracts::{api, project::EditProject};
use platform::{Json, Problem};
use serde_json::Value;

use crate::{
    app::App,
    caller::Caller,
    idempotency::Idempotency,
    input,
    openapi::{BodyProblems, CallerProblems, ChangeProblems, PassingProblems, ProjectProblems, RoleProblems},
    precondition::IfMatch,
    project_commands::{self, Answer},
    project_path::ProjectPath,
    scope::WriteProjects,
};

/// Changes a project by a JSON merge patch (RFC 7396). This is for its owner.
///
/// An archived project takes no new tasks; those in it stay as they are.
#[utoipa::path(
    patch, path = "/api/v1/projects/{id}", tag = "projects", security(("access_token" = []), ("api_token" = ["projects:write"])),
    request_body(content(
        (api::ProjectPatch = "application/merge-patch+json"),
        (api::ProjectPatch = "application/json"),
    )),
    params(
        ("id" = uuid::Uuid, Path),
        ("If-Match" = Option<String>, Header, description = "The version to change, as in `ETag`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again"),
    ),
    responses(
        (status = 200, description = "The project", body = api::Project,
            headers(("ETag" = String, description = "The project's version, in quotes"))),
        BodyProblems, CallerProblems, PassingProblems, ProjectProblems, RoleProblems, ChangeProblems,
    ),
)]
pub(crate) async fn edit_project(
    State(app): State<App>,
    caller: Caller<WriteProjects>,
    ProjectPath(project): ProjectPath,
    IfMatch(if_version): IfMatch,
    idempotency: Idempotency,
    Json(body): Json<Value>,
) -> Result<Answer, Problem> {
    let command = idempotency.command(caller.id, app.ids.as_ref(), &(if_version, &body))?;
    let message =
        async { Ok(EditProject { user: caller.id, if_version, patch: input::project::patch(body)? }) };
    let edited = project_commands::carry_out(&app, project, command, message).await?;
    Ok(Answer::ok(caller.id, &edited))
}
