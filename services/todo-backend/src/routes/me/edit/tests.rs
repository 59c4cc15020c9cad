use platform::worker::Work;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{
    test_support::{Answer, Backend, User},
    zone_moves::ZoneMoves,
};

async fn set(backend: &Backend, user: &User, zone: &str) -> Answer {
    backend.request("PATCH", "/api/v1/me").token(&user.token).json(json!({"time_zone": zone})).send().await
}

/// An all-day task that reminds on the day, and when it does.
async fn create(backend: &Backend, user: &User, body: Value) -> Value {
    let answer = backend.request("POST", "/api/v1/tasks").token(&user.token).json(body).send().await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    answer.body
}

fn all_day(title: usize) -> Value {
    json!({"title": title.to_string(), "due": {"date": "2026-12-01"}, "reminders": [{"before": "PT0S"}]})
}

/// When tasks remind, and in how many generations: the same for all of one kind.
async fn pending(pool: &PgPool) -> Vec<(String, i32, i64)> {
    sqlx::query_as(
        "SELECT to_char(fires_at AT TIME ZONE 'UTC', 'DD HH24:MI'), generation, count(*) FROM reminder
         WHERE status = 'pending' GROUP BY 1, 2 ORDER BY 1",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

async fn moves_left(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM zone_move").fetch_one(pool).await.unwrap()
}

/// As if a minute had passed, and every lease ended.
async fn later(pool: &PgPool) {
    sqlx::query("UPDATE zone_move SET due_at = now(), changed_at = changed_at - interval '2 minutes'")
        .execute(pool)
        .await
        .unwrap();
}

async fn work(backend: &Backend) {
    while ZoneMoves(backend.app.clone()).work_once().await.unwrap() > 0 {}
}

#[sqlx::test(migrations = false)]
async fn all_day_tasks_follow_and_others_stay(pool: PgPool) {
    let backend = Backend::new(pool.clone()).await;
    let ada = backend.user("ada@example.org").await;
    create(&backend, &ada, all_day(1)).await;
    let fixed =
        json!({"title": "call", "due": {"at": "2026-12-01T09:00:00"}, "reminders": [{"before": "PT1H"}]});
    create(&backend, &ada, fixed).await;
    assert_eq!(pending(&pool).await, [("01 07:00".into(), 1, 1), ("01 08:00".into(), 1, 1)]);

    let preview = backend.request("POST", "/api/v1/me/zone/preview").token(&ada.token);
    let preview = preview.json(json!({"time_zone": "America/New_York"})).send().await;
    assert_eq!((preview.status, &preview.body["reminders"]), (200, &1.into()));
    assert_eq!(preview.body["moves"][0]["before"], "2026-12-01T08:00:00Z");
    assert_eq!(preview.body["moves"][0]["after"], "2026-12-01T14:00:00Z");
    assert_eq!(pending(&pool).await.len(), 2, "a preview changes nothing");

    let answer = set(&backend, &ada, "America/New_York").await;
    assert_eq!((answer.status, &answer.body["time_zone"]), (200, &"America/New_York".into()));
    work(&backend).await;
    let moved = [("01 07:00".into(), 1, 1), ("01 14:00".into(), 2, 1)];
    assert_eq!(pending(&pool).await, moved);

    set(&backend, &ada, "America/New_York").await;
    later(&pool).await;
    work(&backend).await;
    assert_eq!(pending(&pool).await, moved, "the same zone again, and the second look, move nothing");
    assert_eq!(moves_left(&pool).await, 0);
}

#[sqlx::test(migrations = false)]
async fn whoever_dies_on_the_way_another_goes_on_and_each_task_moves_once(pool: PgPool) {
    let backend = Backend::new(pool.clone()).await;
    let ada = backend.user("ada@example.org").await;
    for n in 0..450 {
        create(&backend, &ada, all_day(n)).await;
    }
    set(&backend, &ada, "America/New_York").await;
    // One batch is done and recorded.
    ZoneMoves(backend.app.clone()).work_once().await.unwrap();
    // Of the next, tasks moved, but the worker died before it recorded that; then actors are away.
    let place: String = sqlx::query_scalar("SELECT after FROM zone_move").fetch_one(&pool).await.unwrap();
    ZoneMoves(backend.app.clone()).work_once().await.unwrap();
    sqlx::query("UPDATE zone_move SET after = $1").bind(place).execute(&pool).await.unwrap();
    assert_eq!(pending(&pool).await, [("01 08:00".into(), 1, 50), ("01 14:00".into(), 2, 400)]);
    later(&pool).await;
    work(&backend).await;
    assert_eq!(pending(&pool).await, [("01 14:00".into(), 2, 450)]);
    later(&pool).await;
    work(&backend).await;
    assert_eq!(moves_left(&pool).await, 0);
}

#[sqlx::test(migrations = false)]
async fn while_the_actors_are_away_the_move_waits(pool: PgPool) {
    let backend = Backend::new(pool.clone()).await;
    let ada = backend.user("ada@example.org").await;
    create(&backend, &ada, all_day(1)).await;
    set(&backend, &ada, "America/New_York").await;
    backend.actors.go_down();
    ZoneMoves(backend.app.clone()).work_once().await.unwrap();
    assert_eq!((pending(&pool).await, moves_left(&pool).await), (vec![("01 08:00".into(), 1, 1)], 1));
    backend.actors.come_back();
    later(&pool).await;
    work(&backend).await;
    assert_eq!(pending(&pool).await, [("01 14:00".into(), 2, 1)]);
}

#[sqlx::test(migrations = false)]
async fn a_task_that_cannot_be_read_keeps_no_other_from_following(pool: PgPool) {
    let backend = Backend::new(pool.clone()).await;
    let ada = backend.user("ada@example.org").await;
    for n in 0..3 {
        create(&backend, &ada, all_day(n)).await;
    }
    let broken = sqlx::query(
        "UPDATE task SET state = state || '{\"priority\": \"none there is\"}'
         WHERE id = (SELECT id FROM task ORDER BY id LIMIT 1)",
    );
    assert_eq!(broken.execute(&pool).await.unwrap().rows_affected(), 1);
    set(&backend, &ada, "America/New_York").await;
    work(&backend).await;
    later(&pool).await;
    work(&backend).await;
    assert_eq!(pending(&pool).await, [("01 08:00".into(), 1, 1), ("01 14:00".into(), 2, 2)]);
    assert_eq!(moves_left(&pool).await, 0);
}

#[sqlx::test(migrations = false)]
async fn a_key_makes_a_change_happen_once(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    let under = async |key, zone| {
        let request = backend.request("PATCH", "/api/v1/me").token(&ada.token);
        request.header("idempotency-key", key).json(json!({"time_zone": zone})).send().await
    };
    let first = under("k", "America/New_York").await;
    assert_eq!(set(&backend, &ada, "Asia/Tokyo").await.status, 200);
    let again = under("k", "America/New_York").await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(backend.me(&ada).await["time_zone"], "Asia/Tokyo", "a retry does not undo what came later");
    let other = under("k", "UTC").await;
    assert_eq!((other.status, other.kind()), (422, "/api/problems/idempotency-key-reused"));
    assert_eq!(under("l", "UTC").await.body["time_zone"], "UTC");
}

#[sqlx::test(migrations = false)]
async fn a_task_that_came_with_the_older_zone_follows_at_the_second_look(pool: PgPool) {
    let backend = Backend::new(pool.clone()).await;
    let ada = backend.user("ada@example.org").await;
    set(&backend, &ada, "America/New_York").await;
    work(&backend).await;
    // A request that read the account before the change.
    sqlx::query("UPDATE app_user SET time_zone = 'Europe/Berlin', zone_version = 1")
        .execute(&pool)
        .await
        .unwrap();
    create(&backend, &ada, all_day(1)).await;
    sqlx::query("UPDATE app_user SET time_zone = 'America/New_York', zone_version = 2")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(pending(&pool).await, [("01 08:00".into(), 1, 1)]);
    later(&pool).await;
    work(&backend).await;
    assert_eq!((pending(&pool).await, moves_left(&pool).await), (vec![("01 14:00".into(), 2, 1)], 0));
}

#[sqlx::test(migrations = false)]
async fn what_is_no_zone_or_not_to_be_set_is_told(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    for (body, rule) in [
        (json!({"time_zone": "Mars"}), "unknown_zone"),
        (json!({"time_zone": null}), "required"),
        (json!({"email": "x@example.org"}), "read_only"),
        (json!({"zone": "UTC"}), "unknown_member"),
    ] {
        let answer = backend.request("PATCH", "/api/v1/me").token(&ada.token).json(body).send().await;
        assert_eq!((answer.status, &answer.body["errors"][0]["rule"]), (422, &rule.into()));
    }
}
