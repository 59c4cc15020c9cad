//! `POST /api/v1/projects/{id}/members`: a project is shared with somebody.

use axum::{extract::State, response::IntoResponse};
use contracts::{api, project::AddMember};
use domain::Member;
use http::{StatusCode, header};
use platform::{Json, Problem};
use serde_json::Value;

use crate::{
    accounts,
    app::App,
    caller::Caller,
    idempotency::Idempotency,
    input,
    openapi::{BodyProblems, CallerProblems, ChangeProblems, PassingProblems, ProjectProblems, RoleProblems},
    precondition::{IfMatch, entity_tag},
    project_commands::{self, not_allowed},
    project_path::ProjectPath,
    projects,
    scope::WriteProjects,
};

/// Shares a project with somebody who has an account. This is for its owner.
///
/// Somebody it is shared with already stays what they are. A project has at most 100 members beside its owner.
#[utoipa::path(
    post, path = "/api/v1/projects/{id}/members", tag = "projects", security(("access_token" = []), ("api_token" = ["projects:write"])),
    request_body = api::MemberInput,
    params(
        ("id" = uuid::Uuid, Path),
        ("If-Match" = Option<String>, Header, description = "The project's version, as in `ETag`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again"),
    ),
    responses(
        (status = 201, description = "The member", body = api::Member, headers(
            ("Location" = String, description = "The member's path"),
            ("ETag" = String, description = "The project's version, in quotes"),
        )),
        BodyProblems, CallerProblems, PassingProblems, ProjectProblems, RoleProblems, ChangeProblems,
    ),
)]
pub(crate) async fn add_member(
    State(app): State<App>,
    caller: Caller<WriteProjects>,
    ProjectPath(project): ProjectPath,
    IfMatch(if_version): IfMatch,
    idempotency: Idempotency,
    Json(body): Json<Value>,
) -> Result<impl IntoResponse, Problem> {
    let (email, role) = input::project::new_member(body)?;
    // Before any address is looked up: who may not share learns of no account.
    let found = projects::find(&app.pool, caller.id, project).await?;
    if found.project.owner() != caller.id {
        return Err(not_allowed(domain::Role::Owner));
    }
    let account = accounts::by_email(&app.pool, &email).await?.ok_or_else(|| {
        Problem::invalid("email", "no_account", "Nobody with this address has an account here.")
    })?;
    let member = Member { id: account.user_id(), role };
    let message = AddMember { user: caller.id, if_version, member };
    let command = idempotency.command_id(caller.id, app.ids.as_ref());
    let shared = project_commands::send(&app, project, command, &message).await?;
    let role = shared.project.role_of(member.id).unwrap_or(role.into());
    let headers =
        [(header::ETAG, entity_tag(shared.version)), (header::LOCATION, super::path(project, member.id))];
    let member = api::Member { user_id: account.id, email: Some(account.email), role: role.into() };
    Ok((StatusCode::CREATED, headers, Json(member)))
}
