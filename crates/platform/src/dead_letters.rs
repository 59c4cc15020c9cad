//! What this app's subscribers gave up: kept in the table `dead_letter`, counted, and published again when somebody
//! says so.
//!
//! ```text
//! topic → subscriber answers Delivery::Drop → dead-letters-<app> → here → redrive_dead_letters() → outbox → topic
//! ```
//!
//! An event has one row for each app, however often it comes. One that was published again and is given up again waits
//! again; but not for a late copy of what was mended.

use std::sync::LazyLock;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    routing::post,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use prometheus::{IntCounter, register_int_counter};
use serde::Deserialize;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{Delivery, Service};

static DEAD_LETTERS: LazyLock<IntCounter> = LazyLock::new(|| {
    register_int_counter!("dead_letters_total", "Events given up, and kept in the table dead_letter.")
        .expect("every metric is registered once, under a valid name")
});

/// One mebibyte, the limit of an event, is 1.4 in base64; what a broker took in spite of that is kept, too.
const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// Repeats before the redrive change nothing: the event may have been mended meanwhile. Nor does a copy of what was
/// mended, which was still on its way when the mended one was published.
const KEEP: &str = "
INSERT INTO dead_letter AS known (app, event_id, topic, event, received) VALUES ($1, $2, $3, $4, $4)
ON CONFLICT (app, event_id) DO UPDATE
SET topic = excluded.topic, event = excluded.event, received = excluded.received, received_at = clock_timestamp(),
    times = known.times + 1, redriven_at = NULL
WHERE known.redriven_at IS NOT NULL
  AND (known.event = known.received OR excluded.received IS DISTINCT FROM known.received)";

#[derive(Clone)]
struct Keeper {
    app_id: String,
    pool: PgPool,
}

/// `POST /events/dead-letters`, for the subscription to the app's dead-letter topic.
pub fn routes(service: &Service) -> Router {
    routes_of(service.config.app_id.clone(), service.pool.clone())
}

fn routes_of(app_id: String, pool: PgPool) -> Router {
    // There from the start, so that the first one is seen as a rise.
    LazyLock::force(&DEAD_LETTERS);
    let receive = post(receive).layer(DefaultBodyLimit::max(BODY_LIMIT));
    Router::new().route("/events/dead-letters", receive).with_state(Keeper { app_id, pool })
}

async fn receive(State(keeper): State<Keeper>, body: Bytes) -> Delivery {
    let letter = DeadLetter::read(&body);
    let (event_id, topic) = (letter.event_id, letter.topic.as_deref());
    match keeper.keep(&letter).await {
        Ok(true) => {
            DEAD_LETTERS.inc();
            tracing::error!(%event_id, topic, "an event was given up and is a dead letter");
            Delivery::Success
        }
        Ok(false) => Delivery::Success,
        Err(error) => {
            tracing::warn!(%event_id, topic, %error, "a dead letter waits for the database");
            Delivery::Retry
        }
    }
}

impl Keeper {
    /// Whether it was not waiting already.
    async fn keep(&self, letter: &DeadLetter) -> Result<bool, sqlx::Error> {
        let kept = sqlx::query(KEEP)
            .bind(&self.app_id)
            .bind(letter.event_id)
            .bind(&letter.topic)
            .bind(&letter.event)
            .execute(&self.pool)
            .await?;
        Ok(kept.rows_affected() == 1)
    }
}

/// An event as it was published, and what could be read of it.
struct DeadLetter {
    event_id: Uuid,
    topic: Option<String>,
    event: String,
}

impl DeadLetter {
    /// Reads what Dapr delivers to a subscription of raw payloads; nothing is refused.
    fn read(body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Envelope {
            data_base64: String,
        }
        let payload = serde_json::from_slice(body)
            .ok()
            .and_then(|envelope: Envelope| BASE64_STANDARD.decode(envelope.data_base64).ok())
            .unwrap_or_else(|| body.to_vec());
        let read: Value = serde_json::from_slice(&payload).unwrap_or_default();
        let id = read["id"].as_str().and_then(|id| id.parse().ok());
        Self {
            // Nothing of ours has an id that is no UUID; two events that make no sense are still two.
            event_id: id.unwrap_or_else(|| Uuid::new_v5(&Uuid::NAMESPACE_OID, &payload)),
            topic: read["topic"].as_str().map(str::to_owned),
            // A text in PostgreSQL holds no NUL.
            event: String::from_utf8_lossy(&payload).replace('\0', "\u{fffd}"),
        }
    }
}

#[cfg(test)]
mod tests;
