//! JSON bodies whose failures are problems.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header};
use serde::{Serialize, de::DeserializeOwned};
use serde_path_to_error::{Path, Segment};

use crate::problem::{self, Problem};

/// A JSON body. A request that is not `T` is answered with the path of the field at fault.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let detail = "Send the body with `Content-Type: application/json`.";
            return Err(Problem::new(&problem::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let body = Bytes::from_request(request, state).await.map_err(unreadable)?;
        parse(&body).map(Json)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// `application/json`, or a format based on it, such as `application/merge-patch+json`.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let media_type = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

/// Why a body did not come in whole.
pub fn unreadable(rejection: BytesRejection) -> Problem {
    if rejection.status() == http::StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(&problem::BODY_TOO_LARGE, "The body is larger than this path accepts.");
    }
    Problem::new(&problem::MALFORMED_BODY, "The body ended early.")
}

/// Reads a whole body.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let cause = error.inner();
        if !cause.is_data() {
            return malformed(cause);
        }
        // The position that serde_json adds says less than the path does.
        let detail = cause.to_string();
        let detail = detail.split(" at line ").next().unwrap_or_default();
        Problem::invalid(path(error.path()), "invalid_type", format!("This is an {detail}."))
    })?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(&problem::MALFORMED_BODY, format!("Not JSON: {error}."))
}

/// As the API writes paths: `reminders[1].before`.
fn path(path: &Path) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => text.push_str(&format!("[{index}]")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
            Segment::Unknown => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Wanted {
        #[allow(dead_code)]
        reminders: Vec<Reminder>,
    }

    #[derive(Debug, Deserialize)]
    struct Reminder {
        #[allow(dead_code)]
        before: String,
    }

    async fn send(content_type: &str, body: impl Into<Body>) -> Result<Json<Wanted>, Problem> {
        let request = Request::builder()
            .method("POST")
            .header(header::CONTENT_TYPE, content_type)
            .body(body.into())
            .unwrap();
        Json::from_request(request, &()).await
    }

    #[tokio::test]
    async fn the_field_at_fault_is_named() {
        let problem =
            send("application/json", r#"{"reminders":[{"before":"PT1M"},{"before":7}]}"#).await.unwrap_err();
        assert_eq!(problem.status(), 422);
        assert_eq!(problem.body().errors[0].field, "reminders[1].before");
    }

    #[tokio::test]
    async fn other_formats_and_broken_json_are_told_apart() {
        assert_eq!(send("text/plain", "{}").await.unwrap_err().status(), 415);
        for body in ["", "{", "{} {}", "\u{0}", r#"{"reminders":["\ud800"]}"#] {
            let status = send("application/json", body).await.unwrap_err().status();
            assert!(status == 400 || (body == "{} {}" && status == 422), "{body:?}: {status}");
        }
        assert!(send("application/merge-patch+json; charset=utf-8", r#"{"reminders":[]}"#).await.is_ok());
    }

    #[tokio::test]
    async fn a_body_nested_without_end_is_malformed() {
        assert_eq!(
            send("application/json", "[".repeat(100_000)).await.unwrap_err().status().as_u16() / 100,
            4
        );
    }
}
