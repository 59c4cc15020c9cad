//! Suites that are run on each broker, and a way to it past the actors.

use std::process::ExitCode;

use serde_json::Value;
use xtask::{Pubsub, Stack};

use crate::{Request, Suite};

/// Runs a suite on Redis, then on Kafka.
pub fn on_each_broker(suite: fn(Pubsub) -> Suite<Stack>) -> ExitCode {
    let outcomes = [Pubsub::Redis, Pubsub::Kafka].map(|pubsub| suite(pubsub).run(Stack::stop));
    if outcomes == [ExitCode::SUCCESS; 2] { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
