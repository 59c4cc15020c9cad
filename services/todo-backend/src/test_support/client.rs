//! A client of the routes, without a socket between.

use axum::{
    Router,
    body::{Body, to_bytes},
    response::Response,
};
use http::{HeaderMap, request::Builder};
use serde_json::Value;
use tower::ServiceExt;

/// A request being made.
pub(crate) struct Request {
    routes: Router,
    builder: Builder,
    body: Body,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Null when it is no JSON.
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Request {
    pub(crate) fn new(routes: Router, method: &str, path: &str) -> Self {
        Self { routes, builder: http::Request::builder().method(method).uri(path), body: Body::empty() }
    }

    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.builder = self.builder.header(name, value.as_ref());
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    pub(crate) fn json(self, body: Value) -> Self {
        self.json_as("application/json", body)
    }

    pub(crate) fn json_as(self, media_type: &str, body: Value) -> Self {
        self.raw(media_type, body.to_string())
    }

    pub(crate) fn raw(self, media_type: &str, body: impl Into<Body>) -> Self {
        let mut request = self.header("content-type", media_type);
        request.body = body.into();
        request
    }

    /// The answer as it begins; its body is still to come.
    pub(crate) async fn open(self) -> Response {
        let request = self.builder.body(self.body).unwrap();
        self.routes.oneshot(request).await.unwrap()
    }

    pub(crate) async fn send(self) -> Answer {
        let response = self.open().await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 100_000_000).await.unwrap();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
            text: String::from_utf8_lossy(&body).into_owned(),
        }
    }
}

impl Answer {
    /// The `type` of a problem.
    pub(crate) fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default()
    }

    /// The fields a problem names.
    pub(crate) fn fields(&self) -> Vec<String> {
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().filter_map(|error| error["field"].as_str().map(str::to_owned)).collect()
    }
}
