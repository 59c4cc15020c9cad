//! The relay on a real outbox, with a sidecar whose broker and actors behave as the test says.

#![allow(clippy::unwrap_used, reason = "unwrapping is how a test fails")]

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::{sync::oneshot, task::JoinHandle};
use uuid::Uuid;
use virtual_actors::{
    Changes, Commit, Destination, Entry, PgStore, Publication, Relay, Sidecar, SidecarError, Store,
    partition_of, postgres::migrate, testing::store_contract::KIND,
};

#[derive(Default)]
struct Dapr {
    broker_down: AtomicBool,
    publishes: Mutex<u32>,
    published: Mutex<Vec<Value>>,
    called: Mutex<Vec<String>>,
    /// Actors that never answer.
    stalled: Mutex<HashSet<String>>,
}

#[async_trait]
impl Sidecar for Dapr {
    async fn invoke_actor(
        &self,
        _: &str,
        actor_id: &str,
        _: &str,
        _: Vec<u8>,
        timeout: Duration,
    ) -> Result<Vec<u8>, SidecarError> {
        if self.stalled.lock().unwrap().contains(actor_id) {
            tokio::time::sleep(timeout).await;
            return Err(SidecarError::Unavailable("stalled".into()));
        }
        self.called.lock().unwrap().push(actor_id.to_owned());
        Ok(json!({ "outcome": "done", "reply": null }).to_string().into_bytes())
    }

    async fn set_reminder(&self, _: &str, _: &str, _: &str, _: DateTime<Utc>) -> Result<(), SidecarError> {
        Ok(())
    }

    async fn clear_reminder(&self, _: &str, _: &str, _: &str) -> Result<(), SidecarError> {
        Ok(())
    }

    async fn publish(&self, _: &str, events: Vec<Publication>) -> Result<Vec<bool>, SidecarError> {
        *self.publishes.lock().unwrap() += 1;
        if self.broker_down.load(Ordering::SeqCst) {
            return Err(SidecarError::Unavailable("down".into()));
        }
        let accepted = vec![true; events.len()];
        self.published.lock().unwrap().extend(events.into_iter().map(|event| event.event));
        Ok(accepted)
    }
}

struct World {
    pool: PgPool,
    store: Arc<PgStore>,
    dapr: Arc<Dapr>,
}

struct Running {
    stop: oneshot::Sender<()>,
    relay: JoinHandle<()>,
}

impl Running {
    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.relay.await.unwrap();
    }
}

impl World {
    async fn new(pool: PgPool) -> Self {
        migrate(&pool).await.unwrap();
        sqlx::query(
            "CREATE TABLE counter (id text PRIMARY KEY, version bigint NOT NULL, state jsonb NOT NULL)",
        )
        .execute(&pool)
        .await
        .unwrap();
        Self { store: Arc::new(PgStore::new(pool.clone())), pool, dapr: Arc::default() }
    }

    fn start(&self, id: u128) -> Running {
        let relay = Relay::new(self.store.clone(), self.dapr.clone(), Uuid::from_u128(id));
        let (stop, stopped) = oneshot::channel::<()>();
        let relay = tokio::spawn(relay.run(async { stopped.await.unwrap() }));
        Running { stop, relay }
    }

    async fn commit(&self, id: &str, destination: Destination) {
        let entry = Entry {
            event_id: Uuid::new_v5(&Uuid::nil(), id.as_bytes()),
            partition: partition_of("Counter", id),
            version: 1,
            destination,
            body: json!({ "from": id }),
        };
        let change = Changes { state: json!(1), outbox: vec![entry], rows: Value::Null };
        let commit = Commit { actor_id: id, version: 0, command: None, change: Some(change) };
        self.store.commit(&KIND, commit).await.unwrap();
    }

    async fn event(&self, id: &str) {
        self.commit(id, Destination::Topic { topic: "t".into(), key: id.into() }).await;
    }

    async fn tell(&self, from: &str, to: &str) {
        let destination =
            Destination::Actor { actor_type: "A".into(), actor_id: to.into(), method: "m".into() };
        self.commit(from, destination).await;
    }

    async fn left(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM actor_outbox").fetch_one(&self.pool).await.unwrap()
    }

    async fn until_left(&self, count: i64) {
        let started = Instant::now();
        while self.left().await != count {
            assert!(started.elapsed() < Duration::from_secs(20), "{} are left", self.left().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[sqlx::test(migrations = false)]
async fn what_was_committed_is_handed_over_and_removed(pool: PgPool) {
    let world = World::new(pool).await;
    for n in 0..600 {
        world.event(&format!("e{n}")).await;
    }
    world.tell("t", "a").await;
    let relay = world.start(1);
    world.until_left(0).await;
    relay.stop().await;
    assert_eq!(world.dapr.published.lock().unwrap().len(), 600);
    assert_eq!(*world.dapr.called.lock().unwrap(), ["a"]);
    assert!(*world.dapr.publishes.lock().unwrap() < 20, "in bulk");
}

#[sqlx::test(migrations = false)]
async fn a_broker_that_is_down_is_left_alone_and_holds_no_message_back(pool: PgPool) {
    let world = World::new(pool).await;
    world.dapr.broker_down.store(true, Ordering::SeqCst);
    for n in 0..20 {
        world.event(&format!("e{n}")).await;
    }
    let relay = world.start(1);
    for n in 0..5 {
        world.tell(&format!("t{n}"), &format!("a{n}")).await;
    }
    world.until_left(20).await;
    assert_eq!(world.dapr.called.lock().unwrap().len(), 5);
    let tries: i32 =
        sqlx::query_scalar("SELECT max(attempts) FROM actor_outbox").fetch_one(&world.pool).await.unwrap();
    assert_eq!(tries, 0, "the waiting events are not touched");
    assert!(*world.dapr.publishes.lock().unwrap() <= 5, "and the broker is not asked all the time");
    world.dapr.broker_down.store(false, Ordering::SeqCst);
    world.until_left(0).await;
    relay.stop().await;
    assert_eq!(world.dapr.published.lock().unwrap().len(), 20);
}

#[sqlx::test(migrations = false)]
async fn an_actor_that_stalls_holds_no_other_back(pool: PgPool) {
    let world = World::new(pool).await;
    world.dapr.stalled.lock().unwrap().insert("stalled".into());
    // More than are on their way at once.
    for n in 0..200 {
        world.tell(&format!("s{n}"), "stalled").await;
    }
    let relay = world.start(1);
    world.tell("t", "healthy").await;
    let started = Instant::now();
    world.until_left(200).await;
    assert!(started.elapsed() < Duration::from_secs(4), "it did not wait for the stalled ones");
    assert_eq!(*world.dapr.called.lock().unwrap(), ["healthy"]);
    world.dapr.stalled.lock().unwrap().clear();
    world.until_left(0).await;
    relay.stop().await;
    assert_eq!(world.dapr.called.lock().unwrap().len(), 201);
}

#[sqlx::test(migrations = false)]
async fn a_relay_that_stops_hands_over_what_is_left(pool: PgPool) {
    let world = World::new(pool).await;
    let relay = world.start(1);
    world.until_left(0).await;
    world.event("last").await;
    relay.stop().await;
    assert_eq!(world.left().await, 0);
    let held: i64 = sqlx::query_scalar("SELECT count(*) FROM actor_outbox_share WHERE relay IS NOT NULL")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(held, 0, "others need not wait for its lease");
}
