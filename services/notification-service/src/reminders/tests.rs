//! The subscriber with a real actor host on real PostgreSQL; Dapr is replaced by a direct call.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use axum::{Router, body::Body};
use chrono::{DateTime, Utc};
use contracts::events::ReminderDue;
use http::Request;
use http_body_util::BodyExt;
use notification_actor::NotificationActor;
use serde_json::{Value, json};
use sqlx::PgPool;
use tower::ServiceExt;
use uuid::Uuid;
use virtual_actors::{ActorClient, Host, PgStore, Publication, Sidecar, SidecarError, System};

use super::routes;
use crate::{
    delivery::WorkerHandle,
    fixture::{firing, prepare, store_task},
};

/// Calls the actors of one host directly; without a host it fails as it was told.
struct Direct {
    host: OnceLock<Host>,
    failure: fn(String) -> SidecarError,
}

impl Direct {
    fn failing(failure: fn(String) -> SidecarError) -> Arc<Self> {
        Arc::new(Self { host: OnceLock::new(), failure })
    }
}

#[async_trait]
impl Sidecar for Direct {
    async fn invoke_actor(
        &self,
        actor_type: &str,
        actor_id: &str,
        method: &str,
        body: Vec<u8>,
        _: Duration,
    ) -> Result<Vec<u8>, SidecarError> {
        let host = self.host.get().ok_or_else(|| (self.failure)("no host".to_owned()))?;
        let call = serde_json::from_slice(&body).unwrap();
        let outcome = host.call(actor_type, actor_id, method, call).await.unwrap();
        Ok(serde_json::to_vec(&outcome).unwrap())
    }

    async fn set_reminder(&self, _: &str, _: &str, _: &str, _: DateTime<Utc>) -> Result<(), SidecarError> {
        Ok(())
    }

    async fn clear_reminder(&self, _: &str, _: &str, _: &str) -> Result<(), SidecarError> {
        Ok(())
    }

    async fn publish(&self, _: &str, events: Vec<Publication>) -> Result<Vec<bool>, SidecarError> {
        Ok(vec![true; events.len()])
    }
}

fn hosted(pool: &PgPool) -> Arc<Direct> {
    let sidecar = Direct::failing(SidecarError::Unavailable);
    let host = Host::builder(Arc::new(PgStore::new(pool.clone())), sidecar.clone(), Arc::new(System))
        .actor::<NotificationActor>()
        .start()
        .unwrap();
    sidecar.host.set(host).unwrap();
    sidecar
}

fn event(id: u128, kind: &str, data: &ReminderDue) -> Value {
    json!({
        "specversion": "1.0", "id": Uuid::from_u128(id), "source": "/actors/ReminderSchedule/x", "type": kind,
        "time": "2026-11-20T08:00:00.250Z", "topic": "reminders", "data": data,
    })
}

async fn deliver(sidecar: &Arc<Direct>, event: Value) -> String {
    deliver_to(routes(ActorClient::new(sidecar.clone()), WorkerHandle::default()), event).await
}

async fn deliver_to(routes: Router, event: Value) -> String {
    let request = Request::post("/events/reminders").body(Body::from(event.to_string())).unwrap();
    let response = routes.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice::<Value>(&body).unwrap()["status"].as_str().unwrap().to_owned()
}

async fn counts(pool: &PgPool) -> (i64, i64) {
    let sql = "SELECT (SELECT count(*) FROM notification), (SELECT count(*) FROM delivery)";
    sqlx::query_as(sql).fetch_one(pool).await.unwrap()
}

#[sqlx::test(migrations = false)]
async fn an_event_delivered_twice_makes_one_notification(pool: PgPool) {
    prepare(&pool).await;
    store_task(&pool, &firing(1)).await;
    let sidecar = hosted(&pool);

    for _ in 0..2 {
        assert_eq!(deliver(&sidecar, event(1, "reminder.due", &firing(1))).await, "SUCCESS");
    }

    assert_eq!(counts(&pool).await, (1, 2));
}

#[sqlx::test(migrations = false)]
async fn the_same_firing_under_another_event_id_makes_no_second_one(pool: PgPool) {
    prepare(&pool).await;
    store_task(&pool, &firing(1)).await;
    let sidecar = hosted(&pool);

    for id in 1..=2 {
        assert_eq!(deliver(&sidecar, event(id, "reminder.due", &firing(1))).await, "SUCCESS");
    }

    assert_eq!(counts(&pool).await, (1, 2));
}

#[tokio::test]
async fn what_makes_no_sense_is_dropped() {
    let sidecar = Direct::failing(SidecarError::Unavailable);
    let mut broken = event(1, "reminder.due", &firing(1));
    broken["data"]["reminder_id"] = json!("7");
    assert_eq!(deliver(&sidecar, broken).await, "DROP");
    assert_eq!(deliver(&sidecar, json!("no event")).await, "DROP");
    assert_eq!(deliver(&sidecar, event(1, "reminder.seen", &firing(1))).await, "DROP");
}

#[tokio::test(start_paused = true)]
async fn while_the_actor_cannot_be_reached_the_event_is_to_come_again() {
    let sidecar = Direct::failing(SidecarError::Unavailable);
    assert_eq!(deliver(&sidecar, event(1, "reminder.due", &firing(1))).await, "RETRY");
}

#[tokio::test(start_paused = true)]
async fn what_fails_by_a_defect_for_a_minute_is_given_up() {
    let sidecar = Direct::failing(SidecarError::Rejected);
    let routes = routes(ActorClient::new(sidecar), WorkerHandle::default());
    let event = event(1, "reminder.due", &firing(1));
    assert_eq!(deliver_to(routes.clone(), event.clone()).await, "RETRY");
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(deliver_to(routes, event).await, "DROP");
}
