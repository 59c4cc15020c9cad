//! The task a path names.

use axum::extract::{FromRequestParts, Path};
use domain::{CommentId, TaskId};
use http::request::Parts;
use platform::Problem;
use uuid::Uuid;

/// The `{id}` of a path. What is no id names no task: 404.
pub(crate) struct TaskPath(pub(crate) TaskId);

impl<S: Send + Sync> FromRequestParts<S> for TaskPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let id =
            Path::<String>::from_request_parts(parts, state).await.ok().and_then(|Path(id)| parse_id(&id));
        id.map(|id| Self(TaskId(id))).ok_or_else(no_such_task)
    }
}

/// The `{id}` and `{comment}` of a path.
pub(crate) struct CommentPath(pub(crate) TaskId, pub(crate) CommentId);

impl<S: Send + Sync> FromRequestParts<S> for CommentPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let ids = Path::<(String, String)>::from_request_parts(parts, state).await.ok();
        let Some(Path((task, comment))) = ids else { return Err(no_such_task()) };
        let task = TaskId(parse_id(&task).ok_or_else(no_such_task)?);
        Ok(Self(task, CommentId(parse_id(&comment).ok_or_else(no_such_comment)?)))
    }
}

/// Only the hyphenated form, of those that UUIDs have.
pub(crate) fn parse_id(text: &str) -> Option<Uuid> {
    const LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;
    Uuid::try_parse(text).ok().filter(|_| text.len() == LENGTH)
}

/// Also for a task of somebody else: the two look the same.
pub(crate) fn no_such_task() -> Problem {
    Problem::not_found("There is no such task.")
}

pub(crate) fn no_such_comment() -> Problem {
    Problem::not_found("The task has no such comment.")
}
