//! `PATCH /api/v1/tasks/{id}/comments/{comment}`.

use axum::{extract::State, response::Response};
use contracts::{api, task::EditComment};
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
    openapi::{BodyProblems, CallerProblems, PassingProblems, RoleProblems, TaskProblems},
    scope::WriteTasks,
    task_path::CommentPath,
};

/// Gives a comment another text. This is for its author.
#[utoipa::path(
    patch, path = "/api/v1/tasks/{id}/comments/{comment}", tag = "comments", security(("access_token" = []), ("api_token" = ["tasks:write"])),
    request_body(content(
        (api::CommentInput = "application/merge-patch+json"),
        (api::CommentInput = "application/json"),
    )),
    params(
        ("id" = uuid::Uuid, Path),
        ("comment" = uuid::Uuid, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again"),
    ),
    responses(
        (status = 200, description = "The comment", body = api::Comment,
            headers(("ETag" = String, description = "The task's version, in quotes"))),
        BodyProblems, CallerProblems, PassingProblems, TaskProblems, RoleProblems,
    ),
)]
pub(crate) async fn edit_comment(
    State(app): State<App>,
    caller: Caller<WriteTasks>,
    CommentPath(task, id): CommentPath,
    idempotency: Idempotency,
    Json(body): Json<Value>,
) -> Result<Response, Problem> {
    let command = idempotency.command(caller.id, app.ids.as_ref(), &body)?;
    let message = async {
        let text = input::comment::text(body)?;
        let access = access::to_see(&app.pool, &caller, task).await?;
        Ok(EditComment { user: caller.id, via: access.via, id, text })
    };
    let said = commands::carry_out(&app, task, command, message).await?;
    answer(&app, task, StatusCode::OK, said).await
}
