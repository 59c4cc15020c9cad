//! The broker of a suite, and a way to it past the actors.

use serde_json::Value;
use xtask::{Pubsub, Stack};

use crate::Request;

/// The broker that a test binary is for: its name ends with it, or it is Redis.
pub const fn pubsub_of(binary: &str) -> Pubsub {
    match binary.as_bytes() {
        [.., b'_', b'k', b'a', b'f', b'k', b'a'] => Pubsub::Kafka,
        _ => Pubsub::Redis,
    }
}

/// Publishes by the sidecar of `todo-actors` what no actor would; as it is if `raw`.
pub async fn publish(stack: &Stack, topic: &str, event: &Value, raw: bool) {
    let sidecar = stack.ports().apps["todo-actors"][0].sidecar.http;
    let url = format!("http://127.0.0.1:{sidecar}/v1.0/publish/pubsub/{topic}?metadata.rawPayload={raw}");
    let media_type = if raw { "application/json" } else { "application/cloudevents+json" };
    let answer =
        Request::new("POST", url).header("content-type", media_type).json(event.clone()).send().await;
    assert_eq!(answer.status, 204, "{answer:?}");
}
