//! The project, and its member, that a path names.

use axum::extract::{FromRequestParts, Path};
use domain::{ProjectId, UserId};
use http::request::Parts;
use platform::Problem;

use crate::task_path::parse_id;

/// The `{id}` of a path. What is no id names no project: 404.
pub(crate) struct ProjectPath(pub(crate) ProjectId);

/// The `{id}` and `{user_id}` of a path.
pub(crate) struct MemberPath(pub(crate) ProjectId, pub(crate) UserId);

impl<S: Send + Sync> FromRequestParts<S> for ProjectPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let id = Path::<String>::from_request_parts(parts, state).await.ok();
        id.and_then(|Path(id)| parse_id(&id)).map(|id| Self(ProjectId(id))).ok_or_else(no_such_project)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for MemberPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let ids = Path::<(String, String)>::from_request_parts(parts, state).await.ok();
        let Some(Path((project, member))) = ids else { return Err(no_such_project()) };
        let project = ProjectId(parse_id(&project).ok_or_else(no_such_project)?);
        Ok(Self(project, UserId(parse_id(&member).ok_or_else(no_such_member)?)))
    }
}

/// Also for a project that is not shared with the caller: the two look the same.
pub(crate) fn no_such_project() -> Problem {
    Problem::not_found("There is no such project.")
}

pub(crate) fn no_such_member() -> Problem {
    Problem::not_found("The project has no such member.")
}
