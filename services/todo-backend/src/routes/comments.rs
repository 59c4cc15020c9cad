//! What people say on a task.

mod add;
mod delete;
mod edit;
mod list;
#[cfg(test)]
mod tests;

use axum::response::{IntoResponse, Response};
use contracts::{api, task::CommentSnapshot};
use domain::TaskId;
use http::{StatusCode, header};
use platform::{Json, Problem};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{accounts, app::App, created::created, precondition::entity_tag, task_path::no_such_comment};

pub(super) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list_comments, add::add_comment))
        .routes(routes!(edit::edit_comment, delete::delete_comment))
}

/// A comment as its task's commit left it, with the task's new version.
async fn answer(
    app: &App,
    task: TaskId,
    status: StatusCode,
    said: CommentSnapshot,
) -> Result<Response, Problem> {
    let author = accounts::by_id(&app.pool, said.author).await?;
    let comment = api::Comment {
        id: said.id.0,
        task_id: task.0,
        author_id: said.author.0,
        author: author.map(|account| account.email),
        text: said.text.ok_or_else(no_such_comment)?.to_string(),
        created_at: said.created_at,
        edited_at: said.edited_at,
    };
    let location = format!("/api/v1/tasks/{task}/comments/{}", comment.id);
    let tag = [(header::ETAG, entity_tag(said.version))];
    let answer = (tag, Json(comment));
    Ok(if status == StatusCode::CREATED { created(&location, answer) } else { answer.into_response() })
}
