//! The task a path names.

use axum::extract::{FromRequestParts, Path};
use domain::TaskId;
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

/// Only the hyphenated form, of those that UUIDs have.
pub(crate) fn parse_id(text: &str) -> Option<Uuid> {
    const LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;
    Uuid::try_parse(text).ok().filter(|_| text.len() == LENGTH)
}

/// Also for a task of somebody else: the two look the same.
pub(crate) fn no_such_task() -> Problem {
    Problem::not_found("There is no such task.")
}
