//! The service's routes on a test database.

use axum::{Router, body::Body};
use http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use sqlx::PgPool;
use tower::ServiceExt;
use uuid::{Uuid, uuid};

use crate::{entries, record};

pub(crate) const TASK: Uuid = uuid!("0199c0de-0000-7000-8000-00000000000a");
pub(crate) const USER: Uuid = uuid!("0199c0de-0000-7000-8000-000000000001");

/// An event about [`TASK`], as Dapr delivers it.
pub(crate) fn task_event(id: u128, kind: &str, version: i64, at: &str) -> Value {
    json!({
        "specversion": "1.0", "id": Uuid::from_u128(id), "source": format!("/actors/Task/{TASK}"), "type": kind,
        "time": at, "sequence": version.to_string(), "pubsubname": "pubsub",
        "data": { "task_id": TASK, "user_id": USER, "version": version, "title": "Water the plants" },
    })
}

/// Delivers an event; what Dapr is told to do.
pub(crate) async fn deliver(pool: &PgPool, topic: &str, event: &Value) -> String {
    deliver_to(&routes(pool), topic, event).await
}

/// Delivers it to a subscriber that remembers what was delivered before.
pub(crate) async fn deliver_to(routes: &Router, topic: &str, event: &Value) -> String {
    let request = Request::post(format!("/events/{topic}")).body(Body::from(event.to_string())).unwrap();
    let (_, body) = send(routes, request).await;
    body["status"].as_str().unwrap().to_owned()
}

/// The status and body of a GET.
pub(crate) async fn call(pool: &PgPool, path: &str) -> (u16, Value) {
    send(&routes(pool), Request::get(path).body(Body::empty()).unwrap()).await
}

fn routes(pool: &PgPool) -> Router {
    record::routes(pool.clone()).merge(entries::routes(pool.clone()))
}

async fn send(routes: &Router, request: Request<Body>) -> (u16, Value) {
    let response = routes.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}
