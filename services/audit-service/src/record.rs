//! `POST /events/task-events` and `/events/audit-logs`: each event becomes one entry, whole.
//!
//! An event's id is the entry's key, so one delivered again adds nothing. Nothing is asked of `data` but that
//! it is an object: fields this version does not know are part of the history too.

use std::sync::LazyLock;

use axum::{Router, extract::State, routing::post};
use contracts::events::{AUDIT_LOGS, TASK_EVENTS};
use platform::{CloudEvent, Delivery, Patience};
use prometheus::{IntCounterVec, register_int_counter_vec};
use serde_json::{Map, Value};
use sqlx::{PgPool, types::Json};
use uuid::Uuid;
use virtual_actors::postgres::is_passing;

/// Of whatever schema.
type Event = CloudEvent<Map<String, Value>, { u32::MAX }>;

static EVENTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "audit_events_total",
        "Events received, by topic and what became of them: recorded, repeated, ignored, retried or dropped.",
        &["topic", "result"]
    )
    .expect("every metric is registered once, under a valid name")
});

#[derive(Clone)]
struct Subscriber {
    pool: PgPool,
    patience: Patience,
}

pub(crate) fn routes(pool: PgPool) -> Router {
    let subscriber = |topic| {
        post(move |State(subscriber): State<Subscriber>, event: Result<Event, Delivery>| async move {
            subscriber.receive(topic, event).await
        })
    };
    Router::new()
        .route("/events/task-events", subscriber(TASK_EVENTS))
        .route("/events/audit-logs", subscriber(AUDIT_LOGS))
        .with_state(Subscriber { pool, patience: Patience::default() })
}

impl Subscriber {
    async fn receive(&self, topic: &'static str, event: Result<Event, Delivery>) -> Delivery {
        let outcome = match event {
            Err(delivery) => Err(delivery),
            Ok(event) => {
                append(&self.pool, topic, &event).await.map_err(|error| self.failed(topic, event.id, &error))
            }
        };
        let (result, delivery) = match outcome {
            Ok(result) => (result, Delivery::Success),
            Err(Delivery::Drop) => ("dropped", Delivery::Drop),
            Err(delivery) => ("retried", delivery),
        };
        EVENTS.with_label_values(&[topic, result]).inc();
        delivery
    }

    fn failed(&self, topic: &str, event_id: Uuid, error: &sqlx::Error) -> Delivery {
        if is_passing(error) {
            tracing::warn!(topic, %event_id, %error, "an event waits for the database");
            self.patience.waits(event_id)
        } else if is_unstorable(error) {
            tracing::error!(topic, %event_id, %error, "an event cannot be stored: dropped");
            Delivery::Drop
        } else {
            tracing::error!(topic, %event_id, %error, "the database refuses an event");
            self.patience.failed(event_id)
        }
    }
}

/// Appends the event if it is new and of this history; what became of it.
async fn append(pool: &PgPool, topic: &str, event: &Event) -> Result<&'static str, sqlx::Error> {
    if event.is_of_lost_future(pool).await? {
        return Ok("ignored");
    }
    Ok(if insert(pool, topic, event).await? { "recorded" } else { "repeated" })
}

/// Whether it was new. Of somebody whose account is deleted, it is recorded without its content.
async fn insert(pool: &PgPool, topic: &str, event: &Event) -> Result<bool, sqlx::Error> {
    let id_in = |member: &str| event.data.get(member)?.as_str()?.parse::<Uuid>().ok();
    let appended = sqlx::query(
        "INSERT INTO audit.entry (event_id, topic, type, task_id, project_id, user_id, version, at, data)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, CASE
             WHEN EXISTS (SELECT FROM app_user WHERE id = $6 AND deleted_at IS NOT NULL)
             THEN audit.without_content($9) ELSE $9 END)
         ON CONFLICT (event_id) DO NOTHING",
    )
    .bind(event.id)
    .bind(topic)
    .bind(&event.kind)
    .bind(id_in("task_id"))
    .bind(id_in("project_id"))
    .bind(id_in("user_id"))
    .bind(event.data.get("version").and_then(Value::as_i64))
    .bind(event.time)
    .bind(Json(&event.data))
    .execute(pool)
    .await?;
    Ok(appended.rows_affected() == 1)
}

/// A value PostgreSQL will never take, such as a string with U+0000: SQLSTATE class 22, data exception.
fn is_unstorable(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code.starts_with("22"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{TASK, USER, call, deliver, deliver_to, task_event};

    #[sqlx::test(migrations = false)]
    async fn an_event_delivered_again_adds_nothing(pool: PgPool) {
        schema::migrate(&pool).await.unwrap();
        let event = task_event(1, "task.created", 1, "2026-12-01T08:00:00.123Z");

        assert_eq!(deliver(&pool, TASK_EVENTS, &event).await, "SUCCESS");
        assert_eq!(deliver(&pool, TASK_EVENTS, &event).await, "SUCCESS");
        // Even by way of the other topic.
        assert_eq!(deliver(&pool, AUDIT_LOGS, &event).await, "SUCCESS");

        let (_, body) = call(&pool, &format!("/entries?task_id={TASK}")).await;
        assert_eq!(body["items"].as_array().unwrap().len(), 1);
    }

    #[sqlx::test(migrations = false)]
    async fn fields_nobody_knows_are_kept(pool: PgPool) {
        schema::migrate(&pool).await.unwrap();
        let mut event = task_event(1, "task.teleported", 7, "2026-12-01T08:00:00Z");
        event["data"]["to"] = json!({ "planet": "Mars", "lucky": [1.5, null] });

        assert_eq!(deliver(&pool, AUDIT_LOGS, &event).await, "SUCCESS");

        let sql = "SELECT data FROM audit.entry WHERE topic = 'audit-logs' AND version = 7";
        let stored: Json<Value> = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
        assert_eq!(stored.0, event["data"]);
        let (_, body) = call(&pool, &format!("/entries?task_id={TASK}")).await;
        assert_eq!(body["items"][0]["to"], event["data"]["to"]);
    }

    #[sqlx::test(migrations = false)]
    async fn what_can_never_be_recorded_is_dropped(pool: PgPool) {
        schema::migrate(&pool).await.unwrap();
        let event = task_event(1, "task.created", 1, "2026-12-01T08:00:00Z");
        let with = |member: &str, value: Value| {
            let mut event = event.clone();
            event[member] = value;
            event
        };
        for broken in [
            with("id", json!("not a UUID")),
            with("time", json!("yesterday")),
            with("data", json!("a text")),
            with("data", json!({ "title": "U+0000: \0" })),
        ] {
            assert_eq!(deliver(&pool, TASK_EVENTS, &broken).await, "DROP", "{broken}");
        }
    }

    #[sqlx::test(migrations = false)]
    async fn what_the_database_refuses_for_a_minute_is_given_up(pool: PgPool) {
        schema::migrate(&pool).await.unwrap();
        let event = task_event(1, "task.created", 1, "2026-12-01T08:00:00Z");
        let routes = routes(pool.clone());
        // As when a migration was forgotten.
        sqlx::query("ALTER TABLE audit.entry DROP COLUMN version").execute(&pool).await.unwrap();
        assert_eq!(deliver_to(&routes, TASK_EVENTS, &event).await, "RETRY");
        tokio::time::pause();
        tokio::time::advance(std::time::Duration::from_secs(60)).await;
        tokio::time::resume();
        assert_eq!(deliver_to(&routes, TASK_EVENTS, &event).await, "DROP");
    }

    #[sqlx::test(migrations = false)]
    async fn without_a_database_the_event_is_to_come_again(pool: PgPool) {
        pool.close().await;
        let event = task_event(1, "task.created", 1, "2026-12-01T08:00:00Z");
        assert_eq!(deliver(&pool, TASK_EVENTS, &event).await, "RETRY");
    }

    #[sqlx::test(migrations = false)]
    async fn what_a_restored_backup_took_back_is_no_history(pool: PgPool) {
        schema::migrate(&pool).await.unwrap();
        let restored = "INSERT INTO actor_epoch (epoch, after_seq) VALUES (1790000000, 40)";
        sqlx::query(restored).execute(&pool).await.unwrap();
        let at = |id, position: &str, epoch: Option<&str>| {
            let mut event = task_event(id, "task.updated", 2, "2026-12-01T08:00:00Z");
            event["position"] = json!(position);
            epoch.inspect(|&epoch| event["epoch"] = json!(epoch));
            event
        };
        let entries = async || {
            let (_, body) = call(&pool, &format!("/entries?task_id={TASK}")).await;
            body["items"].as_array().unwrap().len()
        };

        // Committed after the backup, and in an epoch that this database never had.
        for lost in [at(1, "41", None), at(2, "50", Some("1780000000"))] {
            assert_eq!(deliver(&pool, TASK_EVENTS, &lost).await, "SUCCESS");
            assert_eq!(entries().await, 0);
        }
        // Committed before the backup, and since the restore.
        for ours in [at(3, "40", None), at(4, "41", Some("1790000000"))] {
            assert_eq!(deliver(&pool, TASK_EVENTS, &ours).await, "SUCCESS");
        }
        assert_eq!(entries().await, 2);
    }

    #[sqlx::test(migrations = false)]
    async fn of_somebody_who_is_gone_content_can_be_removed_and_no_more_comes(pool: PgPool) {
        schema::migrate(&pool).await.unwrap();
        sqlx::query(
            "INSERT INTO app_user (id, email, password_hash, time_zone) VALUES ($1, 'ada@example.org', '', 'UTC')",
        )
        .bind(USER)
        .execute(&pool)
        .await
        .unwrap();
        let event = |id| task_event(id, "task.created", 1, "2026-12-01T08:00:00Z");
        deliver(&pool, TASK_EVENTS, &event(1)).await;
        let titles = async || {
            let sql = "SELECT count(*), count(data ->> 'title'), count(data ->> 'task_id') FROM audit.entry";
            sqlx::query_as::<_, (i64, i64, i64)>(sql).fetch_one(&pool).await.unwrap()
        };
        let redact = sqlx::query_scalar::<_, i64>("SELECT audit.redact($1, 10)").bind(USER);
        let refused = redact.fetch_one(&pool).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{refused}");
        assert_eq!(titles().await, (1, 1, 1), "as long as they are here");

        sqlx::query("UPDATE app_user SET deleted_at = now()").execute(&pool).await.unwrap();
        assert_eq!(deliver(&pool, TASK_EVENTS, &event(2)).await, "SUCCESS");
        assert_eq!(titles().await, (2, 1, 2), "late");
        let redacted: i64 =
            sqlx::query_scalar("SELECT audit.redact($1, 10)").bind(USER).fetch_one(&pool).await.unwrap();
        assert_eq!((redacted, titles().await), (1, (2, 0, 2)));
        let change = "UPDATE audit.entry SET data = data || '{\"title\": \"x\"}'";
        let refused = sqlx::query(change).execute(&pool).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }

    #[sqlx::test(migrations = false)]
    async fn entries_can_be_neither_changed_nor_removed(pool: PgPool) {
        schema::migrate(&pool).await.unwrap();
        deliver(&pool, TASK_EVENTS, &task_event(1, "task.created", 1, "2026-12-01T08:00:00Z")).await;
        for change in [
            "UPDATE audit.entry SET type = 'task.forgotten'",
            "DELETE FROM audit.entry",
            "TRUNCATE audit.entry",
        ] {
            let error = sqlx::query(change).execute(&pool).await.unwrap_err();
            assert!(error.to_string().contains("append-only"), "{change}: {error}");
        }
    }
}
