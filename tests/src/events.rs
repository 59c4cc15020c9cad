//! A subscriber that keeps what a topic really delivers.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::{Json, Router, http::StatusCode, routing::get, routing::post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Records the CloudEvents it is given; doubles too.
#[derive(Clone, Debug, Default)]
pub struct Subscriber(Arc<Mutex<Vec<Value>>>);

impl Subscriber {
    /// The path Dapr delivers to.
    pub const ROUTE: &str = "/events";

    /// Serves on this port until the runtime ends.
    pub async fn serve(port: u16) -> Result<Self> {
        let subscriber = Self::default();
        let recording = subscriber.clone();
        let record = async move |body: axum::body::Bytes| {
            let event = serde_json::from_slice(&body).unwrap_or(Value::Null);
            recording.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
            Json(json!({ "status": "SUCCESS" }))
        };
        let routes =
            Router::new().route(Self::ROUTE, post(record)).route("/healthz", get(async || StatusCode::OK));
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        tokio::spawn(async { axum::serve(listener, routes).await });
        Ok(subscriber)
    }

    /// Everything so far about this actor.
    pub fn about(&self, actor_id: &str) -> Vec<Value> {
        let received = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        received.iter().filter(|event| event["subject"] == actor_id).cloned().collect()
    }

    /// How many different events about this actor arrived.
    pub fn distinct(&self, actor_id: &str) -> usize {
        let about = self.about(actor_id);
        let ids: std::collections::BTreeSet<_> =
            about.iter().filter_map(|event| event["id"].as_str()).collect();
        ids.len()
    }
}
