//! The subscriber with a real actor host on real PostgreSQL; Dapr is replaced by a direct call.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use axum::body::Body;
use chrono::{DateTime, Utc};
use contracts::events::ReminderDue;
use http::Request;
use http_body_util::BodyExt;
use notification_actor::NotificationActor;
use platform::{Delivery, Patience};
use serde_json::{Value, json};
use sqlx::PgPool;
use tower::ServiceExt;
use uuid::Uuid;
use virtual_actors::{ActorClient, Host, PgStore, Publication, Sidecar, SidecarError, System};

use super::{Subscriber, routes};
use crate::{
    delivery::WorkerHandle,
    fixture::{firing, prepare, restored, store_task},
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

/// Of a database that nobody needs to reach.
fn no_database() -> PgPool {
    PgPool::connect_lazy("postgres://nobody@127.0.0.1:9/nothing").unwrap()
}

/// Takes events without a look at the database.
fn subscriber(sidecar: Arc<Direct>) -> Subscriber {
    let (actors, worker) = (ActorClient::new(sidecar), WorkerHandle::default());
    Subscriber { pool: no_database(), actors, worker, patience: Patience::default() }
}

async fn deliver(pool: &PgPool, sidecar: &Arc<Direct>, event: Value) -> String {
    let routes = routes(pool.clone(), ActorClient::new(sidecar.clone()), WorkerHandle::default());
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
        assert_eq!(deliver(&pool, &sidecar, event(1, "reminder.due", &firing(1))).await, "SUCCESS");
    }

    assert_eq!(counts(&pool).await, (1, 2));
}

#[sqlx::test(migrations = false)]
async fn the_same_firing_under_another_event_id_makes_no_second_one(pool: PgPool) {
    prepare(&pool).await;
    store_task(&pool, &firing(1)).await;
    let sidecar = hosted(&pool);

    for id in 1..=2 {
        assert_eq!(deliver(&pool, &sidecar, event(id, "reminder.due", &firing(1))).await, "SUCCESS");
    }

    assert_eq!(counts(&pool).await, (1, 2));
}

#[tokio::test]
async fn what_makes_no_sense_is_dropped() {
    let (pool, sidecar) = (no_database(), Direct::failing(SidecarError::Unavailable));
    let mut broken = event(1, "reminder.due", &firing(1));
    broken["data"]["reminder_id"] = json!("7");
    assert_eq!(deliver(&pool, &sidecar, broken).await, "DROP");
    assert_eq!(deliver(&pool, &sidecar, json!("no event")).await, "DROP");
}

#[sqlx::test(migrations = false)]
async fn an_event_of_another_type_is_dropped(pool: PgPool) {
    prepare(&pool).await;
    let sidecar = hosted(&pool);
    assert_eq!(deliver(&pool, &sidecar, event(1, "reminder.seen", &firing(1))).await, "DROP");
    assert_eq!(counts(&pool).await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn while_the_actor_cannot_be_reached_the_event_is_to_come_again() {
    let subscriber = subscriber(Direct::failing(SidecarError::Unavailable));
    let event = serde_json::from_value(event(1, "reminder.due", &firing(1))).unwrap();
    assert_eq!(subscriber.notify(event).await, Delivery::Retry);
}

#[sqlx::test(migrations = false)]
async fn without_a_database_the_event_is_to_come_again(pool: PgPool) {
    prepare(&pool).await;
    let sidecar = hosted(&pool);
    pool.close().await;
    assert_eq!(deliver(&pool, &sidecar, event(1, "reminder.due", &firing(1))).await, "RETRY");
}

#[sqlx::test(migrations = false)]
async fn a_firing_of_a_lost_future_is_told_to_nobody(pool: PgPool) {
    prepare(&pool).await;
    store_task(&pool, &firing(1)).await;
    restored(&pool, 1_790_000_000, 40).await;
    let sidecar = hosted(&pool);
    let at = |position: i64, epoch: i64| {
        let mut event = event(position as u128, "reminder.due", &firing(1));
        event["position"] = json!(position.to_string());
        event["epoch"] = json!(epoch.to_string());
        event
    };
    for lost in [at(41, 0), at(42, 1_780_000_000), event(7, "reminder.due", &firing(1))] {
        assert_eq!(deliver(&pool, &sidecar, lost).await, "SUCCESS");
        assert_eq!(counts(&pool).await, (0, 0));
    }
    assert_eq!(deliver(&pool, &sidecar, at(40, 0)).await, "SUCCESS");
    assert_eq!(counts(&pool).await, (1, 2), "what happened before the backup still counts");
}

#[tokio::test(start_paused = true)]
async fn what_fails_by_a_defect_for_a_minute_is_given_up() {
    let subscriber = subscriber(Direct::failing(SidecarError::Rejected));
    let event = || serde_json::from_value(event(1, "reminder.due", &firing(1))).unwrap();
    assert_eq!(subscriber.notify(event()).await, Delivery::Retry);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(subscriber.notify(event()).await, Delivery::Drop);
}
