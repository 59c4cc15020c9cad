//! `GET /api/v1/projects/{id}/history`: what the audit service knows of a project.

use axum::extract::State;
use contracts::api;
use platform::{Json, Problem};

use crate::{
    app::App,
    caller::Caller,
    history::{self, Of},
    openapi::{CallerProblems, ParameterProblems, PassingProblems, ProjectProblems},
    project_path::ProjectPath,
    projects,
    query::Query,
    scope::ReadProjects,
};

/// What happened to a project and to those who share it; oldest first. Its tasks have histories of their own.
#[utoipa::path(
    get, path = "/api/v1/projects/{id}/history", tag = "projects", security(("access_token" = []), ("api_token" = ["projects:read"])),
    params(
        ("id" = uuid::Uuid, Path),
        ("limit" = Option<u32>, Query, description = "How many, 50 unless given", minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of the history", body = api::Page<api::HistoryEntry>),
        CallerProblems, PassingProblems, ProjectProblems, ParameterProblems,
    ),
)]
pub(crate) async fn project_history(
    State(app): State<App>,
    caller: Caller<ReadProjects>,
    ProjectPath(project): ProjectPath,
    mut query: Query,
) -> Result<Json<api::Page<api::HistoryEntry>>, Problem> {
    let (limit, cursor) = (query.limit(), query.foreign_cursor());
    query.finish()?;
    projects::find(&app.pool, caller.id, project).await?;
    history::read(&app, Of::Project(project), limit, cursor).await.map(Json)
}
