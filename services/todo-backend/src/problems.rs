//! The kinds of problems this API has beside the common ones, and the page that explains each.

use axum::extract::Path;
use http::StatusCode;
use platform::{Json, Problem, ProblemType, problem};
use serde::Serialize;
use utoipa::ToSchema;

macro_rules! problem_types {
    ($($name:ident = $status:ident, $slug:literal, $title:literal;)+) => {
        $(pub(crate) const $name: ProblemType = ProblemType::new(StatusCode::$status, $slug, $title);)+
        const OWN: &[&ProblemType] = &[$(&$name),+];
    };
}

problem_types! {
    EMAIL_TAKEN = CONFLICT, "email-taken", "The e-mail address has an account";
    IDEMPOTENCY_KEY_REUSED = UNPROCESSABLE_ENTITY, "idempotency-key-reused",
        "The idempotency key was used for a different request";
    NOT_ALLOWED = FORBIDDEN, "not-allowed", "Your role in the project does not allow this";
    PROJECT_DELETED = NOT_FOUND, "project-deleted", "The project is in the trash";
    LINK_INVALID = GONE, "link-invalid", "The link does not hold, or not any more";
    TASK_DELETED = NOT_FOUND, "task-deleted", "The task is in the trash";
    VERSION_MISMATCH = PRECONDITION_FAILED, "version-mismatch", "It has changed meanwhile";
    TOO_MANY_STREAMS = TOO_MANY_REQUESTS, "too-many-streams", "This person has too many streams open";
    WRONG_CREDENTIALS = UNAUTHORIZED, "wrong-credentials", "The e-mail address or the password is wrong";
}

/// A kind of problem.
#[derive(Serialize, ToSchema)]
pub(crate) struct Explanation {
    /// As the `type` of a problem.
    r#type: String,
    title: &'static str,
    status: u16,
}

/// What a problem's `type` means.
#[utoipa::path(
    get, path = "/api/problems/{slug}", tag = "problems", operation_id = "explain_problem",
    params(("slug" = String, Path, description = "The last segment of the type", example = "invalid")),
    responses(
        (status = 200, description = "The kind of problem", body = Explanation),
        (status = 404, description = "There is no such kind", body = problem::Body, content_type = problem::MEDIA_TYPE),
    ),
)]
pub(crate) async fn explain_problem(Path(slug): Path<String>) -> Result<Json<Explanation>, Problem> {
    let kind = problem::COMMON.iter().chain(OWN).find(|kind| kind.slug == slug);
    let kind = kind.ok_or_else(|| Problem::not_found("There is no such kind of problem."))?;
    Ok(Json(Explanation { r#type: kind.uri(), title: kind.title, status: kind.status.as_u16() }))
}
