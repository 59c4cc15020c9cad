//! `/metrics`, and how long requests take.

use std::{sync::LazyLock, time::Duration};

use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode, header};
use prometheus::{HistogramVec, TextEncoder, register_histogram_vec};

use crate::problem::Problem;

static REQUESTS: LazyLock<HistogramVec> = LazyLock::new(|| {
    register_histogram_vec!(
        "http_server_request_duration_seconds",
        "How long requests took, by method, route template and status.",
        &["method", "route", "status"]
    )
    .expect("registered once, under a name of its own")
});

/// Counts one request. The labels take few values: the route's template, not the path.
pub(crate) fn record(method: &Method, route: &str, status: StatusCode, took: Duration) {
    let method = match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS => method.as_str(),
        _ => "OTHER",
    };
    REQUESTS.with_label_values(&[method, route, status.as_str()]).observe(took.as_secs_f64());
}

/// Everything registered in prometheus' default registry, the process's own figures among it.
pub(crate) async fn exposition() -> Response {
    match TextEncoder::new().encode_to_string(&prometheus::gather()) {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => Problem::internal(error).into_response(),
    }
}
