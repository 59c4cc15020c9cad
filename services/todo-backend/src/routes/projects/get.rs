//! `GET /api/v1/projects/{id}`.

use axum::extract::State;
use contracts::api;
use platform::Problem;

use crate::{
    app::App,
    caller::Caller,
    openapi::{CallerProblems, PassingProblems, ProjectProblems},
    project_commands::Answer,
    project_path::ProjectPath,
    projects,
    scope::ReadProjects,
};

/// A project.
#[utoipa::path(
    get, path = "/api/v1/projects/{id}", tag = "projects", security(("access_token" = []), ("api_token" = ["projects:read"])),
    params(("id" = uuid::Uuid, Path)),
    responses(
        (status = 200, description = "The project", body = api::Project,
            headers(("ETag" = String, description = "The project's version, in quotes"))),
        CallerProblems, PassingProblems, ProjectProblems,
    ),
)]
pub(crate) async fn get_project(
    State(app): State<App>,
    caller: Caller<ReadProjects>,
    ProjectPath(project): ProjectPath,
) -> Result<Answer, Problem> {
    let found = projects::find(&app.pool, caller.id, project).await?;
    Ok(Answer::ok(caller.id, &found))
}
