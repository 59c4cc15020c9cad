//! Dapr's actor callbacks over HTTP.
//!
//! Dapr takes 200 for success only, and 404 for a method that will never exist, so every answer of
//! a turn is a 200 whose body says what came of it. A reminder's callback has no reader: it fails
//! by its status, and after a pause, because Dapr's next try follows at once.

use std::time::Duration;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{delete, get, put},
};
use serde_json::{Value, json};

use crate::{
    call::{Call, Outcome},
    host::Host,
    trace,
};

/// Before a failed reminder callback is answered.
const REMINDER_PAUSE: Duration = Duration::from_secs(1);

impl Host {
    /// The routes Dapr calls: `/dapr/config` and `/actors/…`.
    pub fn routes(&self) -> Router {
        Router::new()
            .route("/dapr/config", get(get_config))
            .route("/actors/{actor_type}/{actor_id}", delete(deactivate_actor))
            .route("/actors/{actor_type}/{actor_id}/method/{method}", put(invoke_method))
            .route("/actors/{actor_type}/{actor_id}/method/remind/{name}", put(fire_reminder))
            .with_state(self.clone())
    }
}

async fn get_config(State(host): State<Host>) -> Json<Value> {
    let settings = host.settings();
    let millis = |duration: Duration| format!("{}ms", duration.as_millis());
    Json(json!({
        "entities": host.actor_types(),
        "actorIdleTimeout": millis(settings.idle_timeout),
        "drainOngoingCallTimeout": millis(settings.drain_timeout),
        "drainRebalancedActors": true,
        "reentrancy": { "enabled": false },
    }))
}

async fn invoke_method(
    State(host): State<Host>,
    Path((actor_type, actor_id, method)): Path<(String, String, String)>,
    body: Bytes,
) -> Response {
    let call: Call = match serde_json::from_slice(&body) {
        Ok(call) => call,
        Err(error) => {
            return Json(Outcome::Malformed { detail: format!("not a call: {error}") }).into_response();
        }
    };
    match host.call(&actor_type, &actor_id, &method, call).await {
        Some(outcome) => Json(outcome).into_response(),
        None => unknown_type(&actor_type),
    }
}

async fn fire_reminder(
    State(host): State<Host>,
    Path((actor_type, actor_id, name)): Path<(String, String, String)>,
) -> Response {
    let Some(method) = host.reminder_method(&actor_type, &name) else {
        return unknown_type(&actor_type);
    };
    let Some(method) = method else {
        // Answered as done, so that Dapr stops: no version of this code wants it any more.
        tracing::warn!(%actor_type, %actor_id, %name, "a reminder nobody knows fired; it is dropped");
        return StatusCode::OK.into_response();
    };
    let call = Call { traceparent: trace::current(), ..Call::default() };
    match host.call(&actor_type, &actor_id, method, call).await {
        Some(Outcome::Done { .. } | Outcome::Refused { .. }) => StatusCode::OK.into_response(),
        Some(outcome) => {
            tracing::warn!(%actor_type, %actor_id, %name, ?outcome, "a reminder's turn failed; Dapr sends it again");
            tokio::time::sleep(REMINDER_PAUSE).await;
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        None => unknown_type(&actor_type),
    }
}

async fn deactivate_actor(
    State(host): State<Host>,
    Path((actor_type, actor_id)): Path<(String, String)>,
) -> Response {
    if host.passivate(&actor_type, &actor_id) {
        StatusCode::OK.into_response()
    } else {
        unknown_type(&actor_type)
    }
}

fn unknown_type(actor_type: &str) -> Response {
    (StatusCode::NOT_FOUND, format!("actors of type {actor_type} are not hosted here")).into_response()
}
