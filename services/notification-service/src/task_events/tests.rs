//! The subscriber on a real database.

use axum::{Router, body::Body};
use http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use sqlx::{PgPool, types::Json};
use tower::ServiceExt;

use super::*;
use crate::fixture::{USER, prepare, restored};

const TASK: Uuid = uuid::uuid!("0199c0de-0000-7000-8000-00000000000a");

fn event(id: u128, kind: &str, version: i64) -> Value {
    json!({
        "specversion": "1.0", "id": Uuid::from_u128(id), "source": format!("/actors/Task/{TASK}"), "type": kind,
        "time": "2026-12-01T08:00:00Z", "sequence": version.to_string(),
        "data": { "task_id": TASK, "user_id": USER, "version": version, "title": "Water", "fields": ["title"] },
    })
}

async fn deliver(routes: &Router, event: &Value) -> String {
    let request = Request::post("/events/task-events").body(Body::from(event.to_string())).unwrap();
    let response = routes.clone().oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice::<Value>(&body).unwrap()["status"].as_str().unwrap().to_owned()
}

/// The numbers and kinds a person's clients are told.
async fn told(pool: &PgPool) -> Vec<(i64, String)> {
    let sql = "SELECT seq, kind FROM user_event WHERE user_id = $1 ORDER BY seq";
    sqlx::query_as(sql).bind(USER).fetch_all(pool).await.unwrap()
}

#[sqlx::test(migrations = false)]
async fn an_event_is_told_once_however_often_it_comes(pool: PgPool) {
    prepare(&pool).await;
    let routes = routes(pool.clone());
    for id in [1, 1, 2, 1, 2] {
        assert_eq!(deliver(&routes, &event(id, "task.updated", id as i64)).await, "SUCCESS");
    }
    assert_eq!(told(&pool).await.len(), 2);
    let sql = "SELECT data FROM user_event ORDER BY seq LIMIT 1";
    let Json(data): Json<Value> = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
    let at = "2026-12-01T08:00:00Z";
    assert_eq!(data, json!({ "at": at, "task_id": TASK, "version": 1, "fields": ["title"] }));
}

#[sqlx::test(migrations = false)]
async fn copies_that_come_at_once_are_told_once_and_numbers_are_all_different(pool: PgPool) {
    prepare(&pool).await;
    let routes = routes(pool.clone());
    let deliveries = (0..40).map(|n| {
        let routes = routes.clone();
        tokio::spawn(async move { deliver(&routes, &event(n % 10, "task.updated", 1)).await })
    });
    for delivery in deliveries.collect::<Vec<_>>() {
        assert_eq!(delivery.await.unwrap(), "SUCCESS");
    }
    assert_eq!(told(&pool).await.len(), 10);
}

#[sqlx::test(migrations = false)]
async fn no_number_is_seen_before_a_lower_one(pool: PgPool) {
    prepare(&pool).await;
    let live = LiveEvent {
        at: "2026-12-01T08:00:00Z".parse().unwrap(),
        task_id: Some(TASK),
        project_id: None,
        comment_id: None,
        version: Some(1),
        fields: Vec::new(),
    };
    // The first has its number and is not committed; without the lock the second would overtake it.
    let mut first = pool.begin().await.unwrap();
    append::append(&mut *first, Uuid::from_u128(1), "task.created", USER, &live).await.unwrap();
    let (second, later) = (pool.clone(), live.clone());
    let second = tokio::spawn(async move {
        append::append(&second, Uuid::from_u128(2), "task.updated", USER, &later).await.unwrap()
    });
    waiting_for_a_lock(&pool).await;
    assert!(told(&pool).await.is_empty());
    first.commit().await.unwrap();
    assert_eq!(second.await.unwrap(), 1);
    assert_eq!(told(&pool).await, [(1, "task.created".to_owned()), (2, "task.updated".to_owned())]);
}

async fn waiting_for_a_lock(pool: &PgPool) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    while sqlx::query_scalar::<_, i64>(sql).fetch_one(pool).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
}

#[sqlx::test(migrations = false)]
async fn kinds_nobody_knows_are_told_and_what_is_nobodys_is_not(pool: PgPool) {
    prepare(&pool).await;
    let routes = routes(pool.clone());
    let mut newer = event(1, "task.teleported", 1);
    newer["dataschema"] = json!("urn:almanac:task-changed:9");
    assert_eq!(deliver(&routes, &newer).await, "SUCCESS");
    let mut of_nobody = event(2, "task.created", 1);
    of_nobody["data"]["user_id"] = json!(Uuid::from_u128(9));
    assert_eq!(deliver(&routes, &of_nobody).await, "SUCCESS", "the account is gone");
    assert_eq!(told(&pool).await, [(1, "task.teleported".to_owned())]);

    of_nobody["data"] = json!({ "title": "whose?" });
    assert_eq!(deliver(&routes, &of_nobody).await, "DROP");
}

#[sqlx::test(migrations = false)]
async fn an_event_of_a_lost_future_is_told_to_nobody(pool: PgPool) {
    prepare(&pool).await;
    restored(&pool, 1_790_000_000, 40).await;
    let mut lost = event(1, "task.updated", 9);
    lost["position"] = json!("41");
    assert_eq!(deliver(&routes(pool.clone()), &lost).await, "SUCCESS");
    assert!(told(&pool).await.is_empty());
}

#[sqlx::test(migrations = false)]
async fn without_a_database_the_event_is_to_come_again(pool: PgPool) {
    pool.close().await;
    assert_eq!(deliver(&routes(pool), &event(1, "task.created", 1)).await, "RETRY");
}
