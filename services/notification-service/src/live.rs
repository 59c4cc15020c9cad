//! `POST /events/task-events` and `/events/audit-logs`: what happens becomes a row for each person who sees it, for
//! their connected clients.
//!
//! Nothing is asked of an event but whose it is: kinds this version does not know are told too, and clients leave
//! what they do not know.

use std::iter;

use axum::{Router, extract::State, routing::post};
use contracts::api::LiveEvent;
use platform::{CloudEvent, Delivery, Patience};
use serde::Deserialize;
use sqlx::PgPool;
use uuid::Uuid;
use virtual_actors::postgres::is_passing;

use self::append::Audience;
use crate::metrics;

mod append;

/// What is read of an event's data, whatever its kind.
#[derive(Clone, Debug, Deserialize)]
struct Happened {
    /// The task's owner; of a project or a comment, who did it.
    user_id: Uuid,
    #[serde(default)]
    task_id: Option<Uuid>,
    #[serde(default)]
    project_id: Option<Uuid>,
    /// From which the task was moved.
    #[serde(default)]
    left_project_id: Option<Uuid>,
    /// Whom a change of a project is about.
    #[serde(default)]
    member_id: Option<Uuid>,
    /// By which a notification was delivered.
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    comment_id: Option<Uuid>,
    #[serde(default)]
    version: Option<i64>,
    #[serde(default)]
    fields: Vec<String>,
}

impl Happened {
    /// Of the audit log, what a client shows: projects, comments, and that the inbox has something new.
    fn is_for_clients(&self, kind: &str) -> bool {
        match kind {
            "notification.delivered" => self.channel.as_deref() == Some("in_app"),
            _ => ["task.", "project.", "comment."].iter().any(|of| kind.starts_with(of)),
        }
    }

    fn audience(&self) -> Audience {
        Audience {
            people: iter::once(self.user_id).chain(self.member_id).collect(),
            task: self.task_id,
            projects: self.project_id.into_iter().chain(self.left_project_id).collect(),
        }
    }
}

/// Of whatever schema: members are only added.
type Event = CloudEvent<Happened, { u32::MAX }>;

#[derive(Clone)]
struct Subscriber {
    pool: PgPool,
    patience: Patience,
}

pub(crate) fn routes(pool: PgPool) -> Router {
    let subscriber = Subscriber { pool, patience: Patience::default() };
    Router::new()
        .route("/events/task-events", post(receive))
        .route("/events/audit-logs", post(receive))
        .with_state(subscriber)
}

async fn receive(State(subscriber): State<Subscriber>, event: Result<Event, Delivery>) -> Delivery {
    let (result, delivery) = match event {
        Err(Delivery::Drop) => ("dropped", Delivery::Drop),
        Err(delivery) => ("retried", delivery),
        Ok(event) => subscriber.tell(&event).await,
    };
    metrics::LIVE_EVENTS.with_label_values(&[result]).inc();
    delivery
}

impl Subscriber {
    async fn tell(&self, event: &Event) -> (&'static str, Delivery) {
        match told(&self.pool, event).await {
            Ok(result) => (result, self.patience.taken(event.id)),
            Err(error) if is_passing(&error) => {
                tracing::warn!(event_id = %event.id, %error, "a live event waits for the database");
                ("retried", self.patience.waits(event.id))
            }
            Err(error) => {
                tracing::error!(event_id = %event.id, %error, "the database refuses a live event");
                match self.patience.failed(event.id) {
                    Delivery::Drop => ("dropped", Delivery::Drop),
                    delivery => ("retried", delivery),
                }
            }
        }
    }
}

async fn told(pool: &PgPool, event: &Event) -> Result<&'static str, sqlx::Error> {
    if event.is_of_lost_future(pool).await? {
        return Ok("ignored");
    }
    if !event.data.is_for_clients(&event.kind) {
        return Ok("ignored");
    }
    let Happened { task_id, project_id, comment_id, version, fields, .. } = event.data.clone();
    let live = LiveEvent { at: event.time, task_id, project_id, comment_id, version, fields };
    let people = append::append(pool, event.id, &event.kind, &event.data.audience(), &live).await?;
    Ok(if people > 0 { "told" } else { "repeated" })
}

#[cfg(test)]
mod tests;
