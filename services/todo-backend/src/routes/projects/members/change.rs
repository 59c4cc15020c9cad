//! `PATCH /api/v1/projects/{id}/members/{user_id}`: a member gets another role.

use axum::{extract::State, response::IntoResponse};
use contracts::{
    api,
    project::{ChangeRole, TransferProject},
};
use domain::{MemberRole, Role};
use http::header;
use platform::{Json, Problem};
use serde_json::Value;

use crate::{
    app::App,
    caller::Caller,
    idempotency::Idempotency,
    input,
    openapi::{BodyProblems, CallerProblems, ChangeProblems, PassingProblems, ProjectProblems, RoleProblems},
    precondition::{IfMatch, entity_tag},
    project_commands,
    project_path::{MemberPath, no_such_member},
    projects,
    scope::WriteProjects,
};

/// Gives a member another role. This is for the project's owner.
///
/// `owner` hands the project over: the owner until then becomes an editor.
#[utoipa::path(
    patch, path = "/api/v1/projects/{id}/members/{user_id}", tag = "projects", security(("access_token" = []), ("api_token" = ["projects:write"])),
    request_body(content(
        (api::MemberPatch = "application/merge-patch+json"),
        (api::MemberPatch = "application/json"),
    )),
    params(
        ("id" = uuid::Uuid, Path),
        ("user_id" = uuid::Uuid, Path),
        ("If-Match" = Option<String>, Header, description = "The project's version, as in `ETag`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again"),
    ),
    responses(
        (status = 200, description = "The member", body = api::Member,
            headers(("ETag" = String, description = "The project's version, in quotes"))),
        BodyProblems, CallerProblems, PassingProblems, ProjectProblems, RoleProblems, ChangeProblems,
    ),
)]
pub(crate) async fn change_member(
    State(app): State<App>,
    caller: Caller<WriteProjects>,
    MemberPath(project, member): MemberPath,
    IfMatch(if_version): IfMatch,
    idempotency: Idempotency,
    Json(body): Json<Value>,
) -> Result<impl IntoResponse, Problem> {
    let command = idempotency.command(caller.id, app.ids.as_ref(), &(if_version, &body))?;
    let user = caller.id;
    let change = async |role| Ok(ChangeRole { user, if_version, member, role });
    let transfer = async { Ok(TransferProject { user, if_version, to: member }) };
    let changed = match input::project::member_patch(body)? {
        Role::Viewer => {
            project_commands::carry_out(&app, project, command, change(MemberRole::Viewer)).await?
        }
        Role::Editor => {
            project_commands::carry_out(&app, project, command, change(MemberRole::Editor)).await?
        }
        Role::Owner => project_commands::carry_out(&app, project, command, transfer).await?,
    };
    let role = changed.project.role_of(member).ok_or_else(no_such_member)?;
    let email = projects::address(&app.pool, caller.id, project, member).await?;
    let member = api::Member { user_id: member.0, email, role: role.into() };
    Ok(([(header::ETAG, entity_tag(changed.version))], Json(member)))
}
