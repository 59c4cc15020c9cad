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
    let role = input::project::member_patch(body)?;
    let command = idempotency.command_id(caller.id, app.ids.as_ref());
    let user = caller.id;
    let change = |role| ChangeRole { user, if_version, member, role };
    let changed = match role {
        Role::Viewer => project_commands::send(&app, project, command, &change(MemberRole::Viewer)).await?,
        Role::Editor => project_commands::send(&app, project, command, &change(MemberRole::Editor)).await?,
        Role::Owner => {
            let transfer = TransferProject { user, if_version, to: member };
            project_commands::send(&app, project, command, &transfer).await?
        }
    };
    let members = projects::members(&app.pool, &changed.project).await?;
    let member = members.into_iter().find(|one| one.user_id == member.0).ok_or_else(no_such_member)?;
    Ok(([(header::ETAG, entity_tag(changed.version))], Json(member)))
}
