//! The kinds of problems this API has beside the common ones, and the pages that explain them.

use axum::extract::Path;
use platform::{Json, Problem, ProblemType, problem, problem_types};
use serde::Serialize;
use utoipa::ToSchema;

// Each also has a line in docs/api-design.md.
problem_types! {
    pub(crate) OWN:
    EMAIL_NOT_VERIFIED = CONFLICT, "email-not-verified", "The e-mail address is not confirmed",
        "Follow the link that was mailed there; `POST /api/v1/me/verification` sends it again.";
    EMAIL_TAKEN = CONFLICT, "email-taken", "The e-mail address has an account",
        "Sign in with it, or use another address.";
    IDEMPOTENCY_KEY_REUSED = UNPROCESSABLE_ENTITY, "idempotency-key-reused",
        "The idempotency key was used for a different request",
        "Make a new key for each thing a person does; repeat a request under its key without changing it.";
    INSUFFICIENT_SCOPE = FORBIDDEN, "insufficient-scope", "The API token is not for this",
        "Make a token with the scope that `WWW-Authenticate` names.";
    NOT_ALLOWED = FORBIDDEN, "not-allowed", "Your role in the project does not allow this",
        "Ask the project's owner for another role.";
    PROJECT_DELETED = NOT_FOUND, "project-deleted", "The project is in the trash",
        "Take it out with `restore` first.";
    LINK_INVALID = GONE, "link-invalid", "The link does not hold, or not any more",
        "Ask for a new mail, and use the link in the newest one.";
    RATE_LIMITED = TOO_MANY_REQUESTS, "rate-limited", "Too many requests",
        "Wait as long as `Retry-After` says, and send it again under its key.";
    SESSION_REQUIRED = FORBIDDEN, "session-required", "Only somebody who signed in may do this",
        "Sign in, and use the access token; no API token may do this, whatever its scopes.";
    NOTHING_TO_UNDO = CONFLICT, "nothing-to-undo", "There is no change to undo",
        "Read the task: it is as it was made, or its last change was made by its series or its parent.";
    OIDC_FAILED = UNAUTHORIZED, "oidc-failed", "Signing in at the provider did not work",
        "Begin again at `/api/v1/auth/oidc/{provider}`, with the same browser.";
    TASK_DELETED = NOT_FOUND, "task-deleted", "The task is in the trash", "Take it out with `restore` first.";
    TOO_MANY_ATTEMPTS = TOO_MANY_REQUESTS, "too-many-attempts", "Too many attempts failed",
        "Wait as long as `Retry-After` says.";
    TOO_MANY_STREAMS = TOO_MANY_REQUESTS, "too-many-streams", "This person has too many streams open",
        "Close another one first, or wait until it has ended.";
    TOTP_ENABLED = CONFLICT, "totp-enabled", "There is a second factor already",
        "Disable it before you set up another.";
    TOTP_REQUIRED = UNAUTHORIZED, "totp-required", "Signing in takes a code of the second factor",
        "Send the same request with a code of the authenticator, or a recovery code, as `totp`.";
    VERSION_MISMATCH = PRECONDITION_FAILED, "version-mismatch", "It has changed meanwhile",
        "Read it again, look at what changed, and send the change with the new `ETag` under a new key.";
    WRONG_CODE = UNAUTHORIZED, "wrong-code", "The code of the second factor does not hold",
        "Wait for the next code of the authenticator, or use another recovery code.";
    WRONG_CREDENTIALS = UNAUTHORIZED, "wrong-credentials", "The e-mail address or the password is wrong",
        "Ask the person again.";
}

/// Every kind there is, the common ones first.
pub(crate) fn all() -> impl Iterator<Item = &'static ProblemType> {
    problem::COMMON.iter().chain(OWN).copied()
}

/// A kind of problem.
#[derive(Serialize, ToSchema)]
pub(crate) struct Explanation {
    /// As the `type` of a problem.
    #[schema(example = "/api/problems/invalid")]
    r#type: String,
    #[schema(example = "Some values are not valid")]
    title: &'static str,
    #[schema(example = 422)]
    status: u16,
    /// What whoever gets it can do.
    #[schema(example = "Mend what `errors` names, field by field, and send it again.")]
    advice: &'static str,
}

impl From<&ProblemType> for Explanation {
    fn from(kind: &ProblemType) -> Self {
        Self { r#type: kind.uri(), title: kind.title, status: kind.status.as_u16(), advice: kind.advice }
    }
}

/// Every kind of problem.
#[derive(Serialize, ToSchema)]
pub(crate) struct Explanations {
    items: Vec<Explanation>,
}

/// Lists every `type` that a problem can have.
#[utoipa::path(
    get, path = "/api/problems", tag = "problems", operation_id = "list_problems",
    responses((status = 200, description = "The kinds of problems", body = Explanations)),
)]
pub(crate) async fn list_problems() -> Json<Explanations> {
    Json(Explanations { items: all().map(Explanation::from).collect() })
}

/// What a problem's `type` means, and what to do.
#[utoipa::path(
    get, path = "/api/problems/{slug}", tag = "problems", operation_id = "explain_problem",
    params(("slug" = String, Path, description = "The last segment of the type", example = "invalid")),
    responses(
        (status = 200, description = "The kind of problem", body = Explanation),
        (status = 404, description = "There is no such kind", body = problem::Body, content_type = problem::MEDIA_TYPE),
    ),
)]
pub(crate) async fn explain_problem(Path(slug): Path<String>) -> Result<Json<Explanation>, Problem> {
    let kind = all().find(|kind| kind.slug == slug);
    let kind = kind.ok_or_else(|| Problem::not_found("There is no such kind of problem."))?;
    Ok(Json(kind.into()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const DESIGN: &str = include_str!("../../../docs/api-design.md");

    /// The table under "Problems": the slugs of a line, and its status.
    fn documented() -> BTreeMap<String, u16> {
        let table = DESIGN.split("| `type`, after `/api/problems/` |").nth(1).expect("the table of problems");
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        let kinds = rows.flat_map(|row| {
            let mut cells = row.split('|').skip(1).map(str::trim);
            let (slugs, status) = (cells.next().unwrap(), cells.next().unwrap().parse().unwrap());
            slugs.split(", ").map(move |slug| (slug.trim_matches('`').to_owned(), status)).collect::<Vec<_>>()
        });
        kinds.collect()
    }

    #[test]
    fn the_design_lists_the_kinds_there_are() {
        let kinds: BTreeMap<_, _> = all().map(|kind| (kind.slug.to_owned(), kind.status.as_u16())).collect();
        assert_eq!(kinds.len(), all().count(), "each slug is used once");
        assert_eq!(documented(), kinds);
    }

    #[test]
    fn each_kind_says_what_to_do() {
        for kind in all() {
            assert!(
                kind.advice.ends_with('.'),
                "{}: give it a fourth text, what whoever gets it can do",
                kind.slug
            );
        }
    }
}
