//! `POST /api/v1/tasks/{id}/comments`.

use axum::{extract::State, response::Response};
use contracts::{api, task::AddComment};
use domain::CommentId;
use http::StatusCode;
use platform::{Json, Problem};
use serde_json::Value;

use super::answer;
use crate::{
    access,
    app::App,
    caller::Caller,
    commands,
    idempotency::Idempotency,
    input,
    openapi::{BodyProblems, CallerProblems, PassingProblems, TaskProblems},
    scope::WriteTasks,
    task_path::TaskPath,
};

/// Says something on a task. Whoever sees the task may. A task has at most 500 comments.
#[utoipa::path(
    post, path = "/api/v1/tasks/{id}/comments", tag = "comments", security(("access_token" = []), ("api_token" = ["tasks:write"])),
    request_body = api::CommentInput,
    params(
        ("id" = uuid::Uuid, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again"),
    ),
    responses(
        (status = 201, description = "The comment", body = api::Comment, headers(
            ("Location" = String, description = "The comment's path"),
            ("ETag" = String, description = "The task's version, in quotes"),
        )),
        BodyProblems, CallerProblems, PassingProblems, TaskProblems,
    ),
)]
pub(crate) async fn add_comment(
    State(app): State<App>,
    caller: Caller<WriteTasks>,
    TaskPath(task): TaskPath,
    idempotency: Idempotency,
    Json(body): Json<Value>,
) -> Result<Response, Problem> {
    let id = CommentId(idempotency.new_id(caller.id, app.ids.as_ref()));
    let command = idempotency.command(caller.id, app.ids.as_ref(), &body)?;
    let message = async {
        let text = input::comment::text(body)?;
        let access = access::to_see(&app.pool, &caller, task).await?;
        Ok(AddComment { user: caller.id, via: access.via, id, text })
    };
    let said = commands::carry_out(&app, task, command, message).await?;
    answer(&app, task, StatusCode::CREATED, said).await
}
