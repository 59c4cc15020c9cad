//! CloudEvents as Dapr pub/sub delivers them, and the answers it understands.
//!
//! ```no_run
//! use platform::{CloudEvent, Delivery};
//!
//! async fn reminder_due(event: CloudEvent<serde_json::Value>) -> Delivery {
//!     tracing::info!(id = %event.id, kind = event.kind, "received");
//!     Delivery::Success
//! }
//! ```
//!
//! The version of its data's schema is the last part of a `dataschema` of ours, `urn:almanac:<name>:<version>`; else it
//! is 1. `CloudEvent<T, 2>` reads the second, too. An event beyond that is to be delivered again, since a newer replica
//! may take it.
//!
//! An event that is not what the subscriber understands can never be handled: it is dropped, which
//! sends it to the subscription's dead-letter topic.

use std::sync::LazyLock;

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use prometheus::{IntCounter, register_int_counter};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;
use virtual_actors::postgres::{self, Place};

use crate::json;

static LOST_FUTURE: LazyLock<IntCounter> = LazyLock::new(|| {
    register_int_counter!(
        "subscriber_lost_future_events_total",
        "Events ignored because they tell of what a restored backup took back."
    )
    .expect("registered once, under a name of its own")
});

/// A CloudEvent 1.0 whose `data` is a `T`, of a schema up to version `READS`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct CloudEvent<T, const READS: u32 = 1> {
    /// The same at each delivery of this event.
    pub id: Uuid,
    /// The CloudEvents `type`, e.g. `task.created`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// The actor it comes from.
    pub source: String,
    /// The topic it was published to, as Dapr tells it.
    #[serde(default)]
    pub topic: Option<String>,
    /// That actor's version with this event (the `sequence` extension).
    #[serde(default, deserialize_with = "sequence")]
    pub sequence: Option<i64>,
    /// The epoch its database was in (an extension of ours); 0 until a backup was restored.
    #[serde(default, deserialize_with = "epoch")]
    pub epoch: i64,
    /// Its position in that database's outbox (an extension of ours).
    #[serde(default, deserialize_with = "sequence")]
    pub position: Option<i64>,
    /// W3C Trace Context of what caused it.
    #[serde(default)]
    pub traceparent: Option<String>,
    pub data: T,
}

/// What becomes of a delivered event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Handled, or handled before.
    Success,
    /// Not now: deliver it again.
    Retry,
    /// Never: it makes no sense here, and is to be a dead letter.
    Drop,
}

impl IntoResponse for Delivery {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Success => "SUCCESS",
            Self::Retry => "RETRY",
            Self::Drop => "DROP",
        };
        axum::Json(json!({ "status": status })).into_response()
    }
}

impl<T: DeserializeOwned, S: Send + Sync, const READS: u32> FromRequest<S> for CloudEvent<T, READS> {
    type Rejection = Delivery;

    async fn from_request(request: Request, state: &S) -> Result<Self, Delivery> {
        let path = request.uri().path().to_owned();
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            let problem = json::unreadable(rejection);
            tracing::warn!(path, detail = problem.body().detail, "an event cannot be read");
            if problem.status() == http::StatusCode::PAYLOAD_TOO_LARGE {
                Delivery::Drop
            } else {
                Delivery::Retry
            }
        })?;
        // Looked at by itself, because the data may be what cannot be read.
        let version = serde_json::from_slice::<Envelope>(&body).unwrap_or_default().schema_version();
        if version > READS {
            tracing::warn!(path, version, READS, "an event's schema is too new for this replica");
            return Err(Delivery::Retry);
        }
        json::parse(&body).map_err(|problem| {
            let errors = &problem.body().errors;
            tracing::error!(
                path,
                detail = problem.body().detail,
                ?errors,
                "an event is not understood: dropped"
            );
            Delivery::Drop
        })
    }
}

#[derive(Default, Deserialize)]
struct Envelope {
    #[serde(default)]
    dataschema: Option<String>,
}

impl Envelope {
    fn schema_version(&self) -> u32 {
        let ours = self.dataschema.as_deref().and_then(|uri| uri.strip_prefix("urn:almanac:"));
        let version = ours.and_then(|schema| schema.split_once(':'));
        version.and_then(|(_, version)| version.parse().ok()).unwrap_or(1)
    }
}

impl<T, const READS: u32> CloudEvent<T, READS> {
    /// Whether it tells of something that a restored backup took back: it is to be acknowledged and otherwise
    /// ignored. Ask before anything else is done with it. Those it is true of are counted.
    ///
    /// # Errors
    /// When the database does not answer: the event is to come again.
    pub async fn is_of_lost_future(&self, pool: &PgPool) -> Result<bool, sqlx::Error> {
        let place = Place { epoch: self.epoch, position: self.position };
        let lost = postgres::is_of_lost_future(pool, place).await?;
        if lost {
            tracing::info!(event_id = %self.id, kind = self.kind, ?place, "an event of a future that was set back");
            LOST_FUTURE.inc();
        }
        Ok(lost)
    }
}

fn epoch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    sequence(deserializer).map(Option::unwrap_or_default)
}

/// CloudEvents writes it as a string.
fn sequence<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    match Option::<Value>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Value::String(text)) => text.parse().map(Some).map_err(serde::de::Error::custom),
        Some(number) => number.as_i64().map(Some).ok_or_else(|| serde::de::Error::custom("not a sequence")),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};

    use super::*;

    async fn deliver(event: Value) -> Result<CloudEvent<u32>, Delivery> {
        let request =
            Request::builder().method("POST").uri("/events/x").body(Body::from(event.to_string())).unwrap();
        CloudEvent::from_request(request, &()).await
    }

    fn event() -> Value {
        json!({
            "specversion": "1.0", "id": "8d0cbb1c-6a0c-5a58-9f0e-3d1f5a2f7c11", "type": "task.created",
            "source": "/actors/Task/1", "time": "2026-12-01T08:00:00.123Z", "sequence": "7",
            "topic": "task-events", "pubsubname": "pubsub", "traceid": "x", "data": 42
        })
    }

    #[tokio::test]
    async fn an_event_is_read_whatever_else_dapr_adds() {
        let event = deliver(event()).await.unwrap();
        assert_eq!((event.kind.as_str(), event.sequence, event.data), ("task.created", Some(7), 42));
        assert_eq!(event.topic.as_deref(), Some("task-events"));
        assert_eq!((event.epoch, event.position), (0, None), "as versions before this one sent it");
    }

    #[tokio::test]
    async fn one_that_is_not_understood_is_dropped() {
        for (member, value) in [("data", json!("text")), ("id", json!("1")), ("sequence", json!("x"))] {
            let mut broken = event();
            broken[member] = value;
            assert_eq!(deliver(broken).await.unwrap_err(), Delivery::Drop, "{member}");
        }
    }

    #[tokio::test]
    async fn one_of_a_newer_schema_is_to_come_again() {
        for (schema, data, expected) in [
            ("urn:almanac:task-changed:1", json!(42), Ok(())),
            ("urn:almanac:task-changed:2", json!(42), Err(Delivery::Retry)),
            ("urn:almanac:task-changed:2", json!({ "reshaped": 42 }), Err(Delivery::Retry)),
            ("https://example.org/without-version", json!(42), Ok(())),
            ("https://example.org:8443", json!(42), Ok(())),
            ("urn:almanac:2", json!(42), Ok(())),
        ] {
            let mut event = event();
            (event["dataschema"], event["data"]) = (schema.into(), data);
            assert_eq!(deliver(event).await.map(drop), expected, "{schema}");
        }
    }

    #[tokio::test]
    async fn the_answers_are_those_of_dapr() {
        let body = to_bytes(Delivery::Retry.into_response().into_body(), 100).await.unwrap();
        assert_eq!(&body[..], br#"{"status":"RETRY"}"#);
    }
}
