//! Failures as RFC 9457 problem details.
//!
//! A [`ProblemType`] is a constant; services add their own beside the common ones here:
//!
//! ```
//! use platform::{Problem, problem_types};
//!
//! problem_types! {
//!     OWN:
//!     EMAIL_TAKEN = CONFLICT, "email-taken", "The e-mail address has an account", "Sign in with it.";
//! }
//! assert_eq!(OWN.len(), 1);
//! let problem = Problem::new(&EMAIL_TAKEN, "There is an account for ada@example.org.");
//! assert_eq!(problem.status(), 409);
//! ```

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use domain::{Violation, Violations};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use virtual_actors::postgres::is_passing;

/// The media type of problems.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// Problem types are relative references under this path, which a service may serve.
pub const TYPES: &str = "/api/problems/";

/// A kind of problem: what stays the same from one occurrence to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemType {
    pub status: StatusCode,
    /// The last segment of the type's URI.
    pub slug: &'static str,
    pub title: &'static str,
    /// What whoever gets it can do.
    pub advice: &'static str,
}

impl ProblemType {
    pub const fn new(
        status: StatusCode,
        slug: &'static str,
        title: &'static str,
        advice: &'static str,
    ) -> Self {
        Self { status, slug, title, advice }
    }

    /// The `type` member.
    pub fn uri(&self) -> String {
        format!("{TYPES}{}", self.slug)
    }
}

/// Declares problem types, and the list of them all under the name that comes first: each as status, last segment of the
/// URI, title and advice.
#[macro_export]
macro_rules! problem_types {
    (
        $(#[$doc_of_all:meta])* $vis:vis $all:ident:
        $($(#[$doc:meta])* $name:ident = $status:ident, $slug:literal, $title:literal, $advice:literal;)+
    ) => {
        $($(#[$doc])* $vis const $name: $crate::ProblemType =
            $crate::ProblemType::new(http::StatusCode::$status, $slug, $title, $advice);)+
        $(#[$doc_of_all])*
        $vis const $all: &[&$crate::ProblemType] = &[$(&$name),+];
    };
}

problem_types! {
    /// The types any service may answer.
    pub COMMON:
    /// The body cannot be read as JSON at all.
    MALFORMED_BODY = BAD_REQUEST, "malformed-body", "The body is not JSON", "Send well-formed JSON, encoded in UTF-8.";
    /// Well-formed, but some values break rules; `errors` says which.
    INVALID = UNPROCESSABLE_ENTITY, "invalid", "Some values are not valid",
        "Mend what `errors` names, field by field, and send it again.";
    /// No credentials, or none that hold.
    UNAUTHORIZED = UNAUTHORIZED, "unauthorized", "Sign in first",
        "Sign in, and send the access token as `Authorization: Bearer …`.";
    /// The credentials do not allow this.
    FORBIDDEN = FORBIDDEN, "forbidden", "Not allowed", "Ask somebody who may do this; sending it again does not help.";
    /// No such thing, or it belongs to somebody else.
    NOT_FOUND = NOT_FOUND, "not-found", "There is no such thing",
        "Look at the id and the path: what belongs to somebody else looks the same.";
    /// The path exists, the method does not.
    METHOD_NOT_ALLOWED = METHOD_NOT_ALLOWED, "method-not-allowed", "The method is not allowed here",
        "Use one of the methods that the `Allow` header names.";
    /// The body is larger than what is accepted.
    BODY_TOO_LARGE = PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large", "Send less at once.";
    /// The body is in another format than JSON.
    UNSUPPORTED_MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body must be JSON",
        "Send the body as `Content-Type: application/json`.";
    /// A part that is needed does not answer now; the same request may be sent again.
    UNAVAILABLE = SERVICE_UNAVAILABLE, "unavailable", "Not available right now",
        "Send the same request again, under its `Idempotency-Key`, after `Retry-After` seconds.";
    /// The service still waits for something it needs.
    NOT_READY = SERVICE_UNAVAILABLE, "not-ready", "The service is not ready", "Try again in a few seconds.";
    /// A defect.
    INTERNAL = INTERNAL_SERVER_ERROR, "internal", "Something went wrong",
        "Tell us, with `instance`; the failure has been logged.";
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Where: a path in the body such as `reminders[1].before`, or the name of a parameter or header.
    pub field: String,
    /// Which rule it breaks, a word for programs.
    pub rule: Cow<'static, str>,
    /// The same for people.
    pub detail: String,
}

impl From<Violation> for FieldError {
    fn from(violation: Violation) -> Self {
        Self { field: violation.field, rule: violation.rule, detail: violation.detail }
    }
}

/// One occurrence of a problem.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    headers: HeaderMap,
    body: Box<Body>,
}

/// Problem details for HTTP APIs (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct Body {
    /// Identifies the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "/api/problems/invalid")]
    pub kind: String,
    /// The kind of problem in words.
    pub title: Cow<'static, str>,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// The trace to quote when asking for help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// What is wrong with which field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// A problem of this kind, with what happened in words for the caller.
    pub fn new(kind: &ProblemType, detail: impl Into<String>) -> Self {
        let body = Body {
            kind: kind.uri(),
            title: kind.title.into(),
            status: kind.status.as_u16(),
            detail: detail.into(),
            instance: None,
            errors: Vec::new(),
        };
        Self { status: kind.status, headers: HeaderMap::new(), body: Box::new(body) }
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(&NOT_FOUND, detail)
    }

    /// A 401 with its challenge (RFC 6750 section 3).
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(&UNAUTHORIZED, detail).header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// A 503 that may be tried again after a second.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(&UNAVAILABLE, detail).header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// A defect: logged here, once, with its cause; the caller learns only the trace id.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::new(&INTERNAL, "The failure has been logged.")
    }

    /// One field that breaks a rule.
    pub fn invalid(field: impl Into<String>, rule: &'static str, detail: impl Into<String>) -> Self {
        Self::new(&INVALID, "One value is not valid.").with_errors([FieldError {
            field: field.into(),
            rule: rule.into(),
            detail: detail.into(),
        }])
    }

    #[must_use]
    pub fn with_errors(mut self, errors: impl IntoIterator<Item = FieldError>) -> Self {
        self.body.errors.extend(errors);
        self
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    pub fn body(&self) -> &Body {
        &self.body
    }
}

impl From<Violations> for Problem {
    fn from(violations: Violations) -> Self {
        let errors: Vec<FieldError> = violations.into_iter().map(FieldError::from).collect();
        let detail = match errors.len() {
            1 => "One value is not valid.".to_owned(),
            count => format!("{count} values are not valid."),
        };
        Self::new(&INVALID, detail).with_errors(errors)
    }
}

impl From<Violation> for Problem {
    fn from(violation: Violation) -> Self {
        Violations::from(violation).into()
    }
}

/// A database that cannot be reached may be there again in a moment; any other error is a defect.
impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        let passing = match &error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
            sqlx::Error::Database(_) => is_passing(&error),
            _ => false,
        };
        if !passing {
            return Self::internal(error);
        }
        tracing::warn!(%error, "the database is unavailable");
        Self::unavailable("The database does not answer right now.")
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        self.body.instance = self.body.instance.or_else(current_trace);
        let mut response = (self.status, self.headers, axum::Json(self.body)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        response
    }
}

fn current_trace() -> Option<String> {
    let traceparent = virtual_actors::trace::current()?;
    virtual_actors::trace::trace_id(&traceparent).map(|id| format!("urn:trace:{id}"))
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn violations_become_a_422_that_names_every_field() {
        let violations = Violations::check(vec![
            Violation::new("title", "required", "The title is empty."),
            Violation::new("reminders[1].before", "invalid_duration", "A duration looks like PT10M."),
        ])
        .unwrap_err();
        let response = Problem::from(violations).into_response();
        assert_eq!(response.status(), 422);
        assert_eq!(response.headers()[header::CONTENT_TYPE], MEDIA_TYPE);
        let body: Body =
            serde_json::from_slice(&to_bytes(response.into_body(), 10_000).await.unwrap()).unwrap();
        assert_eq!(body.kind, "/api/problems/invalid");
        let fields: Vec<_> = body.errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["title", "reminders[1].before"]);
    }

    #[test]
    fn a_database_that_is_away_is_a_503_and_a_wrong_query_a_500() {
        assert_eq!(Problem::from(sqlx::Error::PoolTimedOut).status(), 503);
        assert_eq!(Problem::from(sqlx::Error::RowNotFound).status(), 500);
    }

    #[test]
    fn a_401_says_how_to_authenticate() {
        let response = Problem::unauthorized("no token").into_response();
        assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
    }
}
