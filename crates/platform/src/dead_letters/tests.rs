use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    http::Request,
};
use serde_json::json;
use tower::ServiceExt;
use virtual_actors::System;

use super::*;
use crate::common_layers;

const ID: &str = "8d0cbb1c-6a0c-5a58-9f0e-3d1f5a2f7c11";

fn event() -> Value {
    json!({
        "specversion": "1.0", "id": ID, "type": "task.created", "source": "/actors/Task/1", "subject": "1",
        "time": "yesterday", "topic": "task-events", "data": { "title": "U+0000: \0" }
    })
}

/// Delivers a payload as Dapr does, and says what it was told.
async fn deliver(pool: &PgPool, payload: &[u8]) -> String {
    let envelope =
        json!({ "id": "x", "topic": "dead-letters-test", "data_base64": BASE64_STANDARD.encode(payload) });
    let request = Request::post("/events/dead-letters").body(Body::from(envelope.to_string())).unwrap();
    let routes = common_layers(routes_of("test".into(), pool.clone()), None, Arc::new(System));
    let answer = routes.oneshot(request).await.unwrap();
    let body: Value = serde_json::from_slice(&to_bytes(answer.into_body(), 100).await.unwrap()).unwrap();
    body["status"].as_str().unwrap().to_owned()
}

async fn waiting(pool: &PgPool) -> Vec<(Option<String>, String, i32)> {
    let sql = "SELECT topic, event, times FROM dead_letter WHERE redriven_at IS NULL ORDER BY received_at";
    sqlx::query_as(sql).fetch_all(pool).await.unwrap()
}

/// What was refused, and why.
async fn redrive(pool: &PgPool) -> Vec<Option<String>> {
    sqlx::query_scalar("SELECT refused FROM redrive_dead_letters(of_app => 'test')")
        .fetch_all(pool)
        .await
        .unwrap()
}

async fn outbox(pool: &PgPool) -> Vec<(String, String, Value)> {
    sqlx::query_as("SELECT topic, key, body FROM actor_outbox ORDER BY seq").fetch_all(pool).await.unwrap()
}

#[sqlx::test(migrations = false)]
async fn an_event_is_kept_once_as_it_came(pool: PgPool) {
    schema::migrate(&pool).await.unwrap();
    let text = event().to_string();
    for _ in 0..2 {
        assert_eq!(deliver(&pool, text.as_bytes()).await, "SUCCESS");
    }
    assert_eq!(waiting(&pool).await, [(Some("task-events".into()), text, 1)]);
}

#[sqlx::test(migrations = false)]
async fn what_cannot_be_read_is_kept_too(pool: PgPool) {
    schema::migrate(&pool).await.unwrap();
    for payload in [&b"not JSON"[..], b"\xff\0", br#"{"id":"1"}"#, br#"{"id":"1","data":2}"#] {
        assert_eq!(deliver(&pool, payload).await, "SUCCESS");
    }
    let events: Vec<String> = waiting(&pool).await.into_iter().map(|(_, event, _)| event).collect();
    assert_eq!(events, ["not JSON", "\u{fffd}\u{fffd}", r#"{"id":"1"}"#, r#"{"id":"1","data":2}"#]);
    // Nobody knows where to publish them.
    assert!(redrive(&pool).await.iter().all(Option::is_some));
    assert_eq!((waiting(&pool).await.len(), outbox(&pool).await.len()), (4, 0));
}

#[sqlx::test(migrations = false)]
async fn a_large_one_is_kept_too(pool: PgPool) {
    schema::migrate(&pool).await.unwrap();
    let payload = "x".repeat(2 * 1024 * 1024);
    assert_eq!(deliver(&pool, payload.as_bytes()).await, "SUCCESS");
    assert!(waiting(&pool).await == [(None, payload, 1)]);
}

#[sqlx::test(migrations = false)]
async fn a_mended_event_is_published_again_and_one_that_is_not_stays(pool: PgPool) {
    schema::migrate(&pool).await.unwrap();
    deliver(&pool, event().to_string().as_bytes()).await;
    // PostgreSQL's jsonb has no U+0000.
    assert!(redrive(&pool).await[0].as_ref().is_some_and(|why| why.contains("Unicode")));

    let mut mended = event();
    mended["data"]["title"] = json!("Mended");
    sqlx::query("UPDATE dead_letter SET event = $1").bind(mended.to_string()).execute(&pool).await.unwrap();
    // Delivered again before it is published again, it is still the mended one.
    deliver(&pool, event().to_string().as_bytes()).await;
    assert_eq!(redrive(&pool).await, [None]);
    assert_eq!(outbox(&pool).await, [("task-events".into(), "1".into(), mended)]);
    assert_eq!((waiting(&pool).await.len(), redrive(&pool).await.len()), (0, 0));
}

#[sqlx::test(migrations = false)]
async fn an_event_given_up_again_waits_again(pool: PgPool) {
    schema::migrate(&pool).await.unwrap();
    let mut event = event();
    event["data"] = json!({});
    deliver(&pool, event.to_string().as_bytes()).await;
    redrive(&pool).await;
    deliver(&pool, event.to_string().as_bytes()).await;
    assert_eq!(waiting(&pool).await, [(Some("task-events".into()), event.to_string(), 2)]);
}

#[sqlx::test(migrations = false)]
async fn a_late_copy_does_not_undo_what_was_mended(pool: PgPool) {
    schema::migrate(&pool).await.unwrap();
    let (mut event, mut mended) = (event(), event());
    event["data"] = json!({});
    mended["data"] = json!({ "title": "Mended" });
    deliver(&pool, event.to_string().as_bytes()).await;
    sqlx::query("UPDATE dead_letter SET event = $1").bind(mended.to_string()).execute(&pool).await.unwrap();
    assert_eq!(redrive(&pool).await, [None]);

    deliver(&pool, event.to_string().as_bytes()).await;
    assert_eq!(waiting(&pool).await, []);
    // But when the mended one is given up, it waits.
    deliver(&pool, mended.to_string().as_bytes()).await;
    assert_eq!(waiting(&pool).await, [(Some("task-events".into()), mended.to_string(), 2)]);
}

#[sqlx::test(migrations = false)]
async fn without_a_database_it_is_to_come_again(pool: PgPool) {
    pool.close().await;
    assert_eq!(deliver(&pool, b"{}").await, "RETRY");
}
