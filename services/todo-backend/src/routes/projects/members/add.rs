//! `POST /api/v1/projects/{id}/members`: a project is shared with somebody.

use axum::{extract::State, response::IntoResponse};
use contracts::{api, project::AddMember};
use domain::{Member, ProjectId, UserId};
use http::header;
use platform::{Json, Problem};
use serde_json::Value;

use crate::{
    accounts,
    app::App,
    caller::Caller,
    created::created,
    email::Email,
    idempotency::Idempotency,
    input,
    openapi::{BodyProblems, CallerProblems, ChangeProblems, PassingProblems, ProjectProblems, RoleProblems},
    precondition::{IfMatch, entity_tag},
    project_commands::{self, not_allowed},
    project_path::{ProjectPath, no_such_member},
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
    let command = idempotency.command(caller.id, app.ids.as_ref(), &(if_version, &body))?;
    let (email, role) = input::project::new_member(body)?;
    let mut found = None;
    let message = async {
        let member = Member { id: whose(&app, &caller, project, &email).await?, role };
        found = Some(member.id);
        Ok(AddMember { user: caller.id, if_version, member })
    };
    let added = project_commands::carry_out(&app, project, command, message).await?;
    // Only a host of the version before does not say who it was, and then it was asked.
    let member = added.member.or(found).ok_or_else(no_such_member)?;
    let shared = added.shared;
    let role = shared.project.role_of(member).unwrap_or(role.into());
    let location = format!("/api/v1/projects/{project}/members/{member}");
    let tag = [(header::ETAG, entity_tag(shared.version))];
    let member = api::Member { user_id: member.0, email: Some(email.as_str().to_owned()), role: role.into() };
    Ok(created(&location, (tag, Json(member))))
}

/// Whose address it is, for the project's owner: who may not share learns of no account.
async fn whose(
    app: &App,
    caller: &Caller<WriteProjects>,
    project: ProjectId,
    email: &Email,
) -> Result<UserId, Problem> {
    let found = projects::find(&app.pool, caller.id, project).await?;
    if found.project.owner() != caller.id {
        return Err(not_allowed(domain::Role::Owner));
    }
    let account = accounts::by_email(&app.pool, email).await?.ok_or_else(|| {
        Problem::invalid("email", "no_account", "Nobody with this address has an account here.")
    })?;
    Ok(account.user_id())
}
