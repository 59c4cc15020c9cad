//! What an operation was answered, as part of the whole answer.

use axum::{
    body::to_bytes,
    response::{IntoResponse, Response},
};
use contracts::api;
use domain::TaskId;
use http::header;
use platform::Problem;
use serde_json::Value;

pub(super) async fn of(task: Option<TaskId>, answer: Result<Response, Problem>) -> api::BulkResult {
    let (parts, body) = answer.into_response().into_parts();
    // It is in memory already, and what an endpoint answers for one task.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let body: Option<Value> = serde_json::from_slice(&body).ok();
    let (task_body, problem) = if parts.status.is_success() { (body, None) } else { (None, body) };
    let created = || task_body.as_ref()?["id"].as_str()?.parse().ok();
    api::BulkResult {
        status: parts.status.as_u16(),
        id: task.map(|task| task.0).or_else(created),
        etag: parts.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned),
        task: task_body,
        problem,
    }
}
