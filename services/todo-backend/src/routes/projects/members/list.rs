//! `GET /api/v1/projects/{id}/members`.

use axum::{extract::State, response::IntoResponse};
use contracts::api;
use http::header;
use platform::{Json, Problem};

use crate::{
    app::App,
    caller::Caller,
    openapi::{CallerProblems, PassingProblems, ProjectProblems},
    precondition::entity_tag,
    project_path::ProjectPath,
    projects,
    scope::ReadProjects,
};

/// Who shares a project: all of them, the owner first.
#[utoipa::path(
    get, path = "/api/v1/projects/{id}/members", tag = "projects", security(("access_token" = []), ("api_token" = ["projects:read"])),
    params(("id" = uuid::Uuid, Path)),
    responses(
        (status = 200, description = "All members, on one page", body = api::Page<api::Member>,
            headers(("ETag" = String, description = "The project's version, in quotes"))),
        CallerProblems, PassingProblems, ProjectProblems,
    ),
)]
pub(crate) async fn list_members(
    State(app): State<App>,
    caller: Caller<ReadProjects>,
    ProjectPath(project): ProjectPath,
) -> Result<impl IntoResponse, Problem> {
    let found = projects::find(&app.pool, caller.id, project).await?;
    let items = projects::members(&app.pool, &found.project).await?;
    let page = api::Page { items, next_cursor: None };
    Ok(([(header::ETAG, entity_tag(found.version))], Json(page)))
}
