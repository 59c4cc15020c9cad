//! Instances on a real database: made once, withdrawn if nobody touched them, and only as the ledger says.

use contracts::recurrence::{next_id, series_id};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::test_support::{Answer, Backend, User};

const PATH: &str = "/internal/v1/recurring/instances";

/// A weekly task of somebody's, and its successor as the ledger names it.
struct Series {
    backend: Backend,
    ada: User,
    first: Uuid,
    next: Uuid,
}

impl Series {
    async fn new(pool: PgPool, template: Value) -> Self {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let body = json!({
            "title": "Water the plants", "notes": "the fern too", "priority": "high", "tags": ["home"],
            "due": {"at": "2026-12-07T09:00:00"}, "recurrence": {"rrule": "FREQ=WEEKLY"},
            "reminders": [{"before": "PT10M"}, {"at": "2026-12-06T08:00:00Z"}],
        });
        let created = backend.request("POST", "/api/v1/tasks").token(&ada.token).json(body).send().await;
        assert_eq!(created.status, 201, "{}", created.body);
        let first: Uuid = created.body["id"].as_str().unwrap().parse().unwrap();
        let recurrence: Value = sqlx::query_scalar("SELECT state -> 'series' -> 'recurrence' FROM task")
            .fetch_one(&backend.app.pool)
            .await
            .unwrap();
        let state = json!({"owner": ada.id, "recurrence": recurrence, "template": template});
        sqlx::query("INSERT INTO recurrence (id, version, state) VALUES ($1, 1, $2)")
            .bind(series_id(first).to_string())
            .bind(state)
            .execute(&backend.app.pool)
            .await
            .unwrap();
        let series = Self { next: next_id(series_id(first), first), first, backend, ada };
        sqlx::query(
            "INSERT INTO recurrence_ledger (series_id, predecessor, next_id, occurrence, due, version, status)
             VALUES ($1, $2, $3, '2026-12-14T09:00:00', $4, 2, 'planned')",
        )
        .bind(series_id(first))
        .bind(first)
        .bind(series.next)
        .bind(json!({"at": "2026-12-14T09:00:00", "zone": "Europe/Berlin"}))
        .execute(&series.backend.app.pool)
        .await
        .unwrap();
        series
    }

    async fn ledger(&self, status: &str, version: i64) {
        sqlx::query("UPDATE recurrence_ledger SET status = $1, version = $2")
            .bind(status)
            .bind(version)
            .execute(&self.backend.app.pool)
            .await
            .unwrap();
    }

    async fn make(&self) -> Answer {
        let asked =
            json!({"series_id": series_id(self.first), "predecessor": self.first, "next_id": self.next});
        self.backend.post(PATH, asked).await
    }

    async fn withdraw(&self) -> Answer {
        self.backend.request("DELETE", &format!("{PATH}/{}", self.next)).send().await
    }

    async fn task(&self, method: &'static str, rest: &str) -> Answer {
        let path = format!("/api/v1/tasks/{}{rest}", self.next);
        self.backend.request(method, &path).token(&self.ada.token).send().await
    }
}

fn outcome(answer: &Answer) -> &str {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["outcome"].as_str().unwrap()
}

#[sqlx::test(migrations = false)]
async fn the_next_instance_is_like_its_predecessor_and_there_is_one(pool: PgPool) {
    let series = Series::new(pool, json!(null)).await;
    for _ in 0..3 {
        assert_eq!(outcome(&series.make().await), "created");
    }
    let next = series.task("GET", "").await.body;
    assert_eq!((&next["title"], &next["notes"]), (&json!("Water the plants"), &json!("the fern too")));
    assert_eq!(
        (&next["priority"], &next["tags"], &next["version"]),
        (&json!("high"), &json!(["home"]), &json!(1))
    );
    assert_eq!(next["due"], json!({"at": "2026-12-14T09:00:00", "zone": "Europe/Berlin"}));
    assert_eq!(next["recurrence"]["occurrence"], "2026-12-14T09:00:00");
    assert_eq!(next["recurrence"]["series_id"], series_id(series.first).to_string());
    let reminders = next["reminders"].as_array().unwrap();
    assert_eq!(reminders.len(), 1, "one at an instant does not carry over");
    assert_eq!(reminders[0]["fires_at"], "2026-12-14T07:50:00Z");
    let tasks: i64 =
        sqlx::query_scalar("SELECT count(*) FROM task").fetch_one(&series.backend.app.pool).await.unwrap();
    assert_eq!(tasks, 2);
}

#[sqlx::test(migrations = false)]
async fn two_workers_at_once_make_one(pool: PgPool) {
    let series = Series::new(pool, json!(null)).await;
    let (one, other, third) = tokio::join!(series.make(), series.make(), series.make());
    assert!([one, other, third].iter().all(|answer| outcome(answer) == "created"));
    assert_eq!(series.task("GET", "").await.body["version"], 1);
    let events: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM actor_outbox WHERE body ->> 'type' = 'task.created' AND body #>> '{data,task_id}' = $1",
    )
    .bind(series.next.to_string())
    .fetch_one(&series.backend.app.pool)
    .await
    .unwrap();
    assert_eq!(events, 1);
}

#[sqlx::test(migrations = false)]
async fn a_series_with_a_template_makes_instances_like_it(pool: PgPool) {
    let template = json!({"title": "Feed the cat", "tags": ["pets"], "reminders": [{"before": "PT1H"}]});
    let series = Series::new(pool, template).await;
    assert_eq!(outcome(&series.make().await), "created");
    let next = series.task("GET", "").await.body;
    assert_eq!(
        (&next["title"], &next["tags"], &next["notes"]),
        (&json!("Feed the cat"), &json!(["pets"]), &json!(""))
    );
    assert_eq!(next["reminders"][0]["fires_at"], "2026-12-14T07:00:00Z");
}

#[sqlx::test(migrations = false)]
async fn one_that_nobody_touched_is_withdrawn_and_made_again(pool: PgPool) {
    let series = Series::new(pool, json!(null)).await;
    series.make().await;
    for version in [3, 5] {
        series.ledger("withdraw", version).await;
        assert_eq!(outcome(&series.withdraw().await), "withdrawn");
        assert_eq!(outcome(&series.withdraw().await), "withdrawn");
        assert_eq!(series.task("GET", "").await.kind(), "/api/problems/task-deleted");
        series.ledger("planned", version + 1).await;
        assert_eq!(outcome(&series.make().await), "created");
        assert_eq!(outcome(&series.make().await), "created");
        assert_eq!(series.task("GET", "").await.status, 200);
    }
    assert_eq!(series.task("POST", "/complete").await.status, 200);
    series.ledger("withdraw", 7).await;
    assert_eq!(outcome(&series.withdraw().await), "kept");
    assert_eq!(series.task("GET", "").await.body["status"], "done");
}

#[sqlx::test(migrations = false)]
async fn what_was_never_made_is_withdrawn_already(pool: PgPool) {
    let series = Series::new(pool, json!(null)).await;
    series.ledger("withdraw", 3).await;
    assert_eq!(outcome(&series.withdraw().await), "withdrawn");
    assert_eq!(series.task("GET", "").await.status, 404);
}

#[sqlx::test(migrations = false)]
async fn only_what_the_ledger_says_is_done(pool: PgPool) {
    let series = Series::new(pool, json!(null)).await;
    assert_eq!(outcome(&series.withdraw().await), "not_planned");
    let forged = |member: &str| {
        let mut asked = json!({"series_id": series_id(series.first), "predecessor": series.first, "next_id": series.next});
        asked[member] = json!(Uuid::from_u128(7));
        asked
    };
    for member in ["series_id", "predecessor", "next_id"] {
        assert_eq!(outcome(&series.backend.post(PATH, forged(member)).await), "not_planned", "{member}");
    }
    for status in ["created", "withdraw", "withdrawn", "kept"] {
        series.ledger(status, 3).await;
        assert_eq!(outcome(&series.make().await), "not_planned", "{status}");
    }
    let tasks: i64 =
        sqlx::query_scalar("SELECT count(*) FROM task").fetch_one(&series.backend.app.pool).await.unwrap();
    assert_eq!(tasks, 1);
    assert_eq!(series.backend.post(PATH, json!({"series_id": 1})).await.status, 422);
}

#[sqlx::test(migrations = false)]
async fn without_an_actor_host_it_is_asked_again(pool: PgPool) {
    let series = Series::new(pool, json!(null)).await;
    series.backend.actors.go_down();
    assert_eq!(series.make().await.status, 503);
}
