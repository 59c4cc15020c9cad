//! The answer to who made something.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

/// `answer` as a 201, which says where the thing is from now on.
pub(crate) fn created(path: &str, answer: impl IntoResponse) -> Response {
    let mut response = (StatusCode::CREATED, answer).into_response();
    // Our paths are always header values.
    if let Ok(path) = HeaderValue::from_str(path) {
        response.headers_mut().insert(header::LOCATION, path);
    }
    response
}
