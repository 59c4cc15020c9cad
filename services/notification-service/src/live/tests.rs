//! The subscriber on a real database.

use axum::{Router, body::Body};
use contracts::events::TaskChanged;
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
    let ada = || Audience { people: vec![USER], ..Audience::default() };
    // The first has its number and is not committed; without the lock the second would overtake it.
    let mut first = pool.begin().await.unwrap();
    append::append(&mut *first, Uuid::from_u128(1), "task.created", &ada(), &live).await.unwrap();
    let (second, later) = (pool.clone(), live.clone());
    let second = tokio::spawn(async move {
        append::append(&second, Uuid::from_u128(2), "task.updated", &ada(), &later).await.unwrap()
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

#[sqlx::test(migrations = false)]
async fn who_shares_a_project_hears_of_its_tasks_and_of_itself(pool: PgPool) {
    prepare(&pool).await;
    let (bob, cy, project) = (Uuid::from_u128(0xb0b), Uuid::from_u128(0xc4), Uuid::from_u128(0x9));
    for (id, email) in [(bob, "bob@example.org"), (cy, "cy@example.org")] {
        let sql = "INSERT INTO app_user (id, email, password_hash, time_zone) VALUES ($1, $2, '', 'UTC')";
        sqlx::query(sql).bind(id).bind(email).execute(&pool).await.unwrap();
    }
    let sql = "INSERT INTO project (id, version, state) VALUES ($1, 1, $2)";
    let state = json!({ "owner": USER, "members": [{ "id": bob, "role": "viewer" }] });
    sqlx::query(sql).bind(project.to_string()).bind(Json(state)).execute(&pool).await.unwrap();
    let sql = "INSERT INTO project_member VALUES ($1, $2, 'owner'), ($1, $3, 'viewer')";
    sqlx::query(sql).bind(project).bind(USER).bind(bob).execute(&pool).await.unwrap();
    let sql = "INSERT INTO task (id, version, state) VALUES ($1, 1, $2)";
    let state = json!({ "owner": USER, "project": project, "created_at": "2026-12-01T08:00:00Z" });
    sqlx::query(sql).bind(TASK.to_string()).bind(Json(state)).execute(&pool).await.unwrap();

    let routes = routes(pool.clone());
    let told = async |id: u128| -> Vec<Uuid> {
        let sql = "SELECT user_id FROM user_event WHERE event_id = $1 ORDER BY user_id";
        sqlx::query_scalar(sql).bind(Uuid::from_u128(id)).fetch_all(&pool).await.unwrap()
    };
    deliver(&routes, &event(1, "task.updated", 2)).await;
    assert_eq!(told(1).await, [bob, USER]);

    let about = |id, kind, data: Value| {
        let mut event = event(id, kind, 1);
        event["data"] = data;
        event
    };
    let left = TaskChanged {
        task_id: Uuid::from_u128(5),
        user_id: cy,
        version: 3,
        title: "Water".to_owned(),
        by: Some(cy),
        comment_id: None,
        left_project_id: Some(project),
        fields: vec!["project_id".to_owned()],
        series: None,
    };
    deliver(&routes, &about(2, "task.updated", json!(left))).await;
    assert_eq!(told(2).await, [cy, bob, USER], "of a task that leaves it, too");
    let removed = json!({ "project_id": project, "user_id": USER, "member_id": cy });
    deliver(&routes, &about(3, "project.member_removed", removed)).await;
    assert_eq!(told(3).await, [cy, bob, USER], "whom it is about, too");

    sqlx::query("DELETE FROM project_member").execute(&pool).await.unwrap();
    sqlx::query("UPDATE project SET state = state || '{\"deleted_at\": \"2026-12-01\"}'")
        .execute(&pool)
        .await
        .unwrap();
    let deleted = json!({ "project_id": project, "user_id": USER });
    deliver(&routes, &about(4, "project.deleted", deleted)).await;
    assert_eq!(told(4).await, [bob, USER]);
}

#[sqlx::test(migrations = false)]
async fn of_the_audit_log_only_what_a_client_shows_is_told(pool: PgPool) {
    prepare(&pool).await;
    let routes = routes(pool.clone());
    for (id, kind, channel, count) in [
        (1, "notification.delivered", "in_app", 1),
        (2, "notification.delivered", "email", 1),
        (3, "reminder.fired", "", 1),
        (4, "task.commented", "", 2),
    ] {
        let mut event = event(id, kind, 1);
        event["data"]["channel"] = json!(channel);
        assert_eq!(deliver(&routes, &event).await, "SUCCESS");
        assert_eq!(told(&pool).await.len(), count, "{kind} {channel}");
    }
}
