//! The host as Dapr sees it: its routes over HTTP, on a real database, with a sidecar that only listens.

#![allow(clippy::unwrap_used, reason = "unwrapping is how a test fails")]

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::PgPool;
use tower::ServiceExt;
use virtual_actors::{
    Actor, Clock, Executed, Executes, Host, HostSettings, Message, Methods, PgStore, Publication, Sidecar,
    SidecarError, Statement, System, Timer, postgres::migrate, testing::counter::Counter,
};

/// Remembers the reminders it was asked for; can be down.
#[derive(Default)]
struct Listening {
    reminders: Mutex<Vec<String>>,
    failures: Mutex<u32>,
}

#[async_trait]
impl Sidecar for Listening {
    async fn invoke_actor(
        &self,
        _: &str,
        _: &str,
        _: &str,
        _: Vec<u8>,
        _: Duration,
    ) -> Result<Vec<u8>, SidecarError> {
        Err(SidecarError::Unavailable("not here".into()))
    }

    async fn set_reminder(
        &self,
        _: &str,
        actor_id: &str,
        name: &str,
        due: DateTime<Utc>,
    ) -> Result<(), SidecarError> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err(SidecarError::Unavailable("down".into()));
        }
        self.reminders.lock().unwrap().push(format!("{actor_id} {name} {}", due.timestamp()));
        Ok(())
    }

    async fn clear_reminder(&self, _: &str, actor_id: &str, name: &str) -> Result<(), SidecarError> {
        self.reminders.lock().unwrap().push(format!("{actor_id} {name} cleared"));
        Ok(())
    }

    async fn publish(&self, _: &str, events: Vec<Publication>) -> Result<Vec<bool>, SidecarError> {
        Ok(vec![true; events.len()])
    }
}

/// A clock that strikes again as soon as it has struck.
struct Ticker;

#[derive(Serialize, Deserialize)]
struct Tick;

impl Message for Tick {
    const ACTOR: &'static str = "Ticker";
    const METHOD: &'static str = "tick";
    type Reply = i64;
    type Refusal = ();
}

impl Actor for Ticker {
    const TYPE: &'static str = "Ticker";
    const TABLE: &'static str = "";
    type State = ();

    fn methods(methods: Methods<Self>) -> Methods<Self> {
        methods.executes::<Tick>()
    }
}

impl Executes<Tick> for Ticker {
    fn statement(_: &Tick) -> Statement {
        let sql = "UPDATE ticks SET count = count + 1 WHERE $1::text <> '' AND $2::jsonb IS NOT NULL
                   AND $3::smallint >= 0 RETURNING to_jsonb(count)";
        Statement { name: "tick", sql, args: Value::Null }
    }

    fn executed(_: Tick, row: Value) -> Result<Executed<i64>, serde_json::Error> {
        let timer = Some(Timer { after: Duration::ZERO, method: Tick::METHOD });
        Ok(Executed { reply: serde_json::from_value(row)?, reminders: vec![], timer, emitted: false })
    }
}

struct Fixture {
    pool: PgPool,
    host: Host,
    sidecar: Arc<Listening>,
    routes: Router,
}

impl Fixture {
    async fn new(pool: PgPool, settings: HostSettings) -> Self {
        migrate(&pool).await.unwrap();
        sqlx::query(
            "CREATE TABLE counter (id text PRIMARY KEY, version bigint NOT NULL, state jsonb NOT NULL)",
        )
        .execute(&pool)
        .await
        .unwrap();
        let sidecar = Arc::new(Listening::default());
        let store = Arc::new(PgStore::new(pool.clone()));
        let host = Host::builder(store, sidecar.clone(), Arc::new(System))
            .settings(settings)
            .actor::<Counter>()
            .actor::<Ticker>()
            .start()
            .unwrap();
        Self { pool, routes: host.routes(), host, sidecar }
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = Request::builder().method(method).uri(path).body(body).unwrap();
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn call(&self, id: &str, method: &str, message: Value) -> Value {
        let path = format!("/actors/Counter/{id}/method/{method}");
        let (status, outcome) = self.send("PUT", &path, json!({ "message": message })).await;
        assert_eq!(status, StatusCode::OK, "every outcome is a 200: {outcome}");
        outcome
    }

    async fn total(&self, id: &str) -> i64 {
        self.call(id, "read", Value::Null).await["reply"]["total"].as_i64().unwrap()
    }
}

async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(20), "{what} never came");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[sqlx::test(migrations = false)]
async fn dapr_is_told_what_is_hosted_here(pool: PgPool) {
    let fixture = Fixture::new(pool, HostSettings::default()).await;
    let (status, config) = fixture.send("GET", "/dapr/config", Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        config,
        json!({
            "entities": ["Counter", "Ticker"],
            "actorIdleTimeout": "600000ms",
            "drainOngoingCallTimeout": "2000ms",
            "drainRebalancedActors": true,
            "reentrancy": { "enabled": false },
        })
    );
}

#[sqlx::test(migrations = false)]
async fn what_is_not_hosted_here_is_not_found(pool: PgPool) {
    let fixture = Fixture::new(pool, HostSettings::default()).await;
    for (method, path) in [
        ("PUT", "/actors/Other/1/method/read"),
        ("PUT", "/actors/Other/1/method/remind/wake"),
        ("DELETE", "/actors/Other/1"),
    ] {
        assert_eq!(fixture.send(method, path, json!({})).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_body_that_is_no_call_is_malformed(pool: PgPool) {
    let fixture = Fixture::new(pool, HostSettings::default()).await;
    let (status, outcome) = fixture.send("PUT", "/actors/Counter/1/method/read", json!([1, 2])).await;
    assert_eq!((status, &outcome["outcome"]), (StatusCode::OK, &json!("malformed")));
}

#[sqlx::test(migrations = false)]
async fn a_turn_ends_although_its_caller_has_gone(pool: PgPool) {
    let fixture = Fixture::new(pool, HostSettings::default()).await;
    // The row is held, so that the turn cannot commit before its caller gives up.
    fixture.call("c", "increment", json!({ "by": 1 })).await;
    let mut held = fixture.pool.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM counter FOR UPDATE").execute(&mut *held).await.unwrap();
    let call = fixture.call("c", "increment", json!({ "by": 5 }));
    assert!(tokio::time::timeout(Duration::from_millis(200), call).await.is_err(), "the caller gave up");
    held.rollback().await.unwrap();
    assert_eq!(fixture.total("c").await, 6);
}

#[sqlx::test(migrations = false)]
async fn a_full_mailbox_sheds_calls_and_loses_none_it_took(pool: PgPool) {
    let fixture = Fixture::new(pool, HostSettings { mailbox: 4, ..HostSettings::default() }).await;
    let calls = (0..50).map(|_| fixture.call("c", "increment", json!({ "by": 1 })));
    let outcomes = futures::future::join_all(calls).await;
    let count = |name: &str| outcomes.iter().filter(|outcome| outcome["outcome"] == name).count() as i64;
    let (done, shed) = (count("done"), count("unavailable"));
    assert_eq!(done + shed, 50);
    assert!(shed >= 40 && done >= 4, "{done} done, {shed} shed");
    assert_eq!(fixture.total("c").await, done, "what was shed was not carried out");
}

#[sqlx::test(migrations = false)]
async fn a_passivated_actor_comes_back_as_it_was(pool: PgPool) {
    let fixture = Fixture::new(pool, HostSettings::default()).await;
    for n in 1..=10 {
        fixture.call("c", "increment", json!({ "by": 1 })).await;
        assert_eq!(fixture.send("DELETE", "/actors/Counter/c", Value::Null).await.0, StatusCode::OK);
        assert_eq!(fixture.total("c").await, n);
    }
    let never_active = fixture.send("DELETE", "/actors/Counter/unknown", Value::Null).await;
    assert_eq!(never_active.0, StatusCode::OK, "there is nothing to do, which is no error");
}

#[sqlx::test(migrations = false)]
async fn an_idle_actor_is_passivated_without_dapr(pool: PgPool) {
    let settings = HostSettings { idle_timeout: Duration::from_millis(100), ..HostSettings::default() };
    let fixture = Fixture::new(pool, settings).await;
    let at = System.now() + Duration::from_secs(3600);
    fixture.call("idle", "remind_me", json!({ "at": at })).await;
    let asked = || fixture.sidecar.reminders.lock().unwrap().len();
    eventually("the reminder", || asked() == 1).await;
    // A fresh activation registers its reminders again: that is how it shows.
    let started = Instant::now();
    while asked() < 2 {
        assert!(started.elapsed() < Duration::from_secs(20), "it was never passivated");
        tokio::time::sleep(Duration::from_millis(250)).await;
        fixture.call("idle", "read", Value::Null).await;
    }
}

#[sqlx::test(migrations = false)]
async fn a_reminder_dapr_would_not_take_is_registered_later(pool: PgPool) {
    let fixture = Fixture::new(pool, HostSettings::default()).await;
    *fixture.sidecar.failures.lock().unwrap() = 2;
    let first = System.now() + Duration::from_secs(60);
    let second = first + Duration::from_secs(60);
    for at in [first, second] {
        fixture.call("r", "remind_me", json!({ "at": at })).await;
    }
    let wanted = format!("r wake {}", second.timestamp());
    let last = || fixture.sidecar.reminders.lock().unwrap().last() == Some(&wanted);
    eventually("the latest wish", last).await;
}

#[sqlx::test(migrations = false)]
async fn a_reminder_runs_its_method_and_an_unknown_one_is_dropped(pool: PgPool) {
    let fixture = Fixture::new(pool, HostSettings::default()).await;
    fixture.call("r", "remind_me", json!({ "at": System.now() })).await;
    let fire = async |name: &str| {
        let body = json!({ "data": null, "dueTime": "", "period": "" });
        fixture.send("PUT", &format!("/actors/Counter/r/method/remind/{name}"), body).await.0
    };
    assert_eq!(fire("wake").await, StatusCode::OK);
    assert_eq!(fixture.call("r", "read", Value::Null).await["reply"]["reminded"], 1);
    assert_eq!(fire("forgotten").await, StatusCode::OK, "so that Dapr does not try for ever");
}

#[sqlx::test(migrations = false)]
async fn a_reminder_that_fails_is_answered_after_a_pause(pool: PgPool) {
    let fixture = Fixture::new(pool, HostSettings::default()).await;
    sqlx::query("DROP TABLE counter").execute(&fixture.pool).await.unwrap();
    let started = Instant::now();
    let (status, _) = fixture.send("PUT", "/actors/Counter/r/method/remind/wake", json!({})).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(started.elapsed() >= Duration::from_secs(1), "Dapr's next try follows at once");
}

#[sqlx::test(migrations = false)]
async fn a_timer_that_strikes_as_a_call_arrives_disturbs_neither(pool: PgPool) {
    let fixture = Fixture::new(pool, HostSettings::default()).await;
    sqlx::query("CREATE TABLE ticks (count bigint)").execute(&fixture.pool).await.unwrap();
    sqlx::query("INSERT INTO ticks VALUES (0)").execute(&fixture.pool).await.unwrap();
    let (mut last, calls) = (0, 300);
    for _ in 0..calls {
        let (_, outcome) = fixture.send("PUT", "/actors/Ticker/t/method/tick", json!({})).await;
        let count = outcome["reply"].as_i64().unwrap_or_else(|| panic!("{outcome}"));
        assert!(count > last);
        last = count;
    }
    assert!(last > calls, "the timer struck in between");
}

#[sqlx::test(migrations = false)]
async fn a_timer_strikes_again_after_a_failure(pool: PgPool) {
    let fixture = Fixture::new(pool, HostSettings::default()).await;
    sqlx::query("CREATE TABLE ticks (count bigint)").execute(&fixture.pool).await.unwrap();
    sqlx::query("INSERT INTO ticks VALUES (0)").execute(&fixture.pool).await.unwrap();
    fixture.send("PUT", "/actors/Ticker/t/method/tick", json!({})).await;
    sqlx::query("ALTER TABLE ticks RENAME TO away").execute(&fixture.pool).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    sqlx::query("ALTER TABLE away RENAME TO ticks").execute(&fixture.pool).await.unwrap();
    let count = async || {
        sqlx::query_scalar::<_, i64>("SELECT count FROM ticks").fetch_one(&fixture.pool).await.unwrap()
    };
    let before = count().await;
    let started = Instant::now();
    while count().await == before {
        assert!(started.elapsed() < Duration::from_secs(20), "the clock stands still");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[sqlx::test(migrations = false)]
async fn a_state_that_cannot_be_read_quarantines_its_actor_only(pool: PgPool) {
    let fixture = Fixture::new(pool, HostSettings::default()).await;
    sqlx::query("INSERT INTO counter VALUES ('broken', 3, '{\"total\": \"many\"}')")
        .execute(&fixture.pool)
        .await
        .unwrap();
    let outcome = fixture.call("broken", "increment", json!({ "by": 1 })).await;
    assert_eq!(outcome["outcome"], "fault");
    assert!(outcome["detail"].as_str().unwrap().contains("cannot be read"), "{outcome}");
    assert_eq!(fixture.call("sound", "increment", json!({ "by": 1 })).await["outcome"], "done");
    sqlx::query("UPDATE counter SET state = '{\"total\": 7}' WHERE id = 'broken'")
        .execute(&fixture.pool)
        .await
        .unwrap();
    assert_eq!(fixture.call("broken", "increment", json!({ "by": 1 })).await["reply"]["total"], 8, "mended");
}

#[sqlx::test(migrations = false)]
async fn a_draining_host_ends_its_turns_and_takes_no_more(pool: PgPool) {
    let fixture = Fixture::new(pool, HostSettings::default()).await;
    fixture.call("c", "increment", json!({ "by": 1 })).await;
    let mut held = fixture.pool.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM counter FOR UPDATE").execute(&mut *held).await.unwrap();
    let running = fixture.call("c", "increment", json!({ "by": 5 }));
    tokio::pin!(running);
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut running).await.is_err());
    let drain = fixture.host.drain();
    tokio::pin!(drain);
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut drain).await.is_err(), "a turn is running");
    assert_eq!(fixture.call("c", "read", Value::Null).await["outcome"], "unavailable");
    held.rollback().await.unwrap();
    let (outcome, ()) = tokio::join!(running, drain);
    assert_eq!(outcome["reply"]["total"], 6);
}
