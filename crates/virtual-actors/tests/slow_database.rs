//! Calls to a real host whose database takes its time.

#![allow(clippy::unwrap_used, reason = "unwrapping is how a test fails")]

use std::{
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgPool;
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};
use tower::ServiceExt;
use uuid::Uuid;
use virtual_actors::{
    Actor, ActorClient, Call, CommandId, Executed, Executes, Host, Message, Methods, PgStore, Publication,
    Sidecar, SidecarError, Statement, System,
    postgres::migrate,
    testing::counter::{Counter, Increment},
};

/// Leads to the one host there is, and remembers how long each call may take, as its host was told.
#[derive(Default)]
struct Direct {
    routes: OnceLock<Router>,
    limits: Mutex<Vec<u64>>,
}

#[async_trait]
impl Sidecar for Direct {
    async fn invoke_actor(
        &self,
        actor_type: &str,
        actor_id: &str,
        method: &str,
        body: Vec<u8>,
        limit: Duration,
    ) -> Result<Vec<u8>, SidecarError> {
        let call: Call = serde_json::from_slice(&body).unwrap();
        self.limits.lock().unwrap().push(call.timeout_ms.unwrap());
        let path = format!("/actors/{actor_type}/{actor_id}/method/{method}");
        let request = Request::put(path).body(Body::from(body)).unwrap();
        let answer = timeout(limit, self.routes.get().unwrap().clone().oneshot(request)).await;
        let answer = answer.map_err(|_| SidecarError::Unavailable("no answer in time".into()))?.unwrap();
        Ok(to_bytes(answer.into_body(), 1 << 20).await.unwrap().to_vec())
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

/// Its turn is a statement that takes two seconds, and whose answer nobody keeps.
struct Sleeper;

#[derive(Serialize, Deserialize)]
struct Sleep;

impl Message for Sleep {
    const ACTOR: &'static str = "Sleeper";
    const METHOD: &'static str = "sleep";
    type Reply = String;
    type Refusal = ();
}

impl Actor for Sleeper {
    const TYPE: &'static str = "Sleeper";
    const TABLE: &'static str = "";
    type State = ();

    fn methods(methods: Methods<Self>) -> Methods<Self> {
        methods.executes::<Sleep>()
    }
}

impl Executes<Sleep> for Sleeper {
    fn statement(_: &Sleep) -> Statement {
        let sql = "SELECT to_jsonb($1::text || pg_sleep(2)::text)
                   WHERE $2::jsonb IS NOT NULL AND $3::smallint >= 0";
        Statement { name: "sleep", sql, args: Value::Null }
    }

    fn executed(_: Sleep, row: Value) -> Result<Executed<String>, serde_json::Error> {
        Ok(Executed { reply: serde_json::from_value(row)?, reminders: vec![], timer: None, emitted: false })
    }
}

async fn start(pool: &PgPool) -> (Host, Arc<Direct>) {
    migrate(pool).await.unwrap();
    let counters =
        "CREATE TABLE counter (id text PRIMARY KEY, version bigint NOT NULL, state jsonb NOT NULL)";
    sqlx::query(counters).execute(pool).await.unwrap();
    let sidecar = Arc::new(Direct::default());
    let host = Host::builder(Arc::new(PgStore::new(pool.clone())), sidecar.clone(), Arc::new(System))
        .actor::<Counter>()
        .actor::<Sleeper>()
        .start()
        .unwrap();
    sidecar.routes.set(host.routes()).unwrap();
    (host, sidecar)
}

/// Keeps every commit of a counter waiting for so long.
async fn hold_up_commits(pool: &PgPool, length: Duration) -> JoinHandle<()> {
    let mut holding = pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE counter IN EXCLUSIVE MODE").execute(&mut *holding).await.unwrap();
    tokio::spawn(async move {
        sleep(length).await;
        holding.rollback().await.unwrap();
    })
}

#[sqlx::test(migrations = false)]
async fn a_command_whose_commit_is_slow_gets_one_answer_by_ever_longer_attempts(pool: PgPool) {
    let (_host, sidecar) = start(&pool).await;
    let held = hold_up_commits(&pool, Duration::from_secs(5)).await;

    let client = ActorClient::new(sidecar.clone());
    let id = CommandId(Uuid::from_u128(1));
    let count = client.call("a", &Increment { by: 1 }).command(id).await.unwrap();

    held.await.unwrap();
    assert_eq!(count.total, 1);
    let versions: Vec<i64> =
        sqlx::query_scalar("SELECT version FROM counter").fetch_all(&pool).await.unwrap();
    assert_eq!(versions, [1]);
    let limits = sidecar.limits.lock().unwrap().clone();
    assert_eq!(limits[..2], [1500, 3000]);
    assert!(limits.len() == 3 && limits[2] < 6000, "no longer than is left: {limits:?}");
}

#[sqlx::test(migrations = false)]
async fn a_slow_turn_whose_answer_nobody_keeps_is_answered(pool: PgPool) {
    let (_host, sidecar) = start(&pool).await;
    ActorClient::new(sidecar.clone()).call("a", &Sleep).await.unwrap();
    assert_eq!(sidecar.limits.lock().unwrap().len(), 2);
}
