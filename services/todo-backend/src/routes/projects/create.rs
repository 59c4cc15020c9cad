//! `POST /api/v1/projects`: a new project.

use axum::extract::State;
use contracts::api;
use domain::ProjectId;
use platform::{Json, Problem};
use serde_json::Value;

use crate::{
    app::App,
    caller::Caller,
    idempotency::Idempotency,
    input,
    openapi::{BodyProblems, CallerProblems, PassingProblems},
    project_commands::{self, Answer},
    scope::WriteProjects,
};

/// Creates a project. It is the caller's.
#[utoipa::path(
    post, path = "/api/v1/projects", tag = "projects", security(("access_token" = []), ("api_token" = ["projects:write"])),
    request_body = api::ProjectInput,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    responses(
        (status = 201, description = "The project", body = api::Project, headers(
            ("Location" = String, description = "The project's path"),
            ("ETag" = String, description = "The project's version, in quotes"),
        )),
        BodyProblems, CallerProblems, PassingProblems,
    ),
)]
pub(crate) async fn create_project(
    State(app): State<App>,
    caller: Caller<WriteProjects>,
    idempotency: Idempotency,
    Json(body): Json<Value>,
) -> Result<Answer, Problem> {
    let project = ProjectId(idempotency.new_id(caller.id, app.ids.as_ref()));
    let command = idempotency.command(caller.id, app.ids.as_ref(), &body)?;
    let message = async { Ok(input::project::new_project(body, caller.id)?) };
    let created = project_commands::carry_out(&app, project, command, message).await?;
    Ok(Answer::created(caller.id, &created))
}
