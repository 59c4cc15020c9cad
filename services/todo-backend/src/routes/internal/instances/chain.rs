//! From a request to the next instance: task, series and ledger with their own code, and in the place of
//! broker and worker a loop that brings every message and does all work.

use contracts::{
    events::{TASK_EVENTS, TaskChanged},
    recurrence::{Closed, Instance, InstanceClosed, InstanceReopened, InstanceTrashed, MakeInstance},
};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::test_support::{Backend, User};

const PATH: &str = "/internal/v1/recurring/instances";

struct Chain {
    backend: Backend,
    ada: User,
    /// Up to where the outbox was read.
    seq: i64,
}

#[derive(sqlx::FromRow)]
struct Sent {
    seq: i64,
    topic: Option<String>,
    actor_type: Option<String>,
    actor_id: Option<String>,
    method: Option<String>,
    body: Value,
}

impl Chain {
    async fn new(pool: PgPool, task: Value) -> (Self, String) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let mut chain = Self { backend, ada, seq: 0 };
        let created = chain.send("POST", "/api/v1/tasks", task).await;
        (chain, path(&created))
    }

    /// A request, and all that follows from it.
    async fn send(&mut self, method: &'static str, path: &str, body: Value) -> Value {
        let answer = self.backend.request(method, path).token(&self.ada.token).json(body).send().await;
        assert!(answer.status < 300, "{method} {path}: {}", answer.body);
        while self.relay().await || self.work().await {}
        answer.body
    }

    async fn post(&mut self, path: &str, what: &str) -> Value {
        self.send("POST", &format!("{path}/{what}"), json!({})).await
    }

    /// Brings what was sent since; false if nothing was.
    async fn relay(&mut self) -> bool {
        let sent: Vec<Sent> = sqlx::query_as(
            "SELECT seq, topic, actor_type, actor_id, method, body FROM actor_outbox WHERE seq > $1 ORDER BY seq",
        )
        .bind(self.seq)
        .fetch_all(&self.backend.app.pool)
        .await
        .unwrap();
        for sent in &sent {
            self.seq = sent.seq;
            match (&sent.topic, &sent.actor_type) {
                (Some(topic), _) if topic == TASK_EVENTS => self.subscriber(&sent.body).await,
                (_, Some(actor_type)) if actor_type == "Recurrence" => {
                    let (id, method) = (sent.actor_id.as_ref().unwrap(), sent.method.as_ref().unwrap());
                    self.backend.actors.tell_series(id, method, sent.body.clone()).await;
                }
                _ => {}
            }
        }
        !sent.is_empty()
    }

    /// As the service of the series hears of tasks.
    async fn subscriber(&self, event: &Value) {
        let changed: TaskChanged = serde_json::from_value(event["data"].clone()).unwrap();
        let Some((series, instance)) = Instance::of(changed) else { return };
        let closed = |how| value(&InstanceClosed { instance: instance.clone(), how });
        let trashed = |trashed| value(&InstanceTrashed { instance: instance.clone(), trashed });
        let (method, message) = match event["type"].as_str().unwrap() {
            "task.completed" => ("closed", closed(Closed::Completed)),
            "task.skipped" => ("closed", closed(Closed::Skipped)),
            "task.reopened" => ("reopened", value(&InstanceReopened { instance: instance.clone() })),
            "task.deleted" => ("trashed", trashed(true)),
            "task.restored" => ("trashed", trashed(false)),
            _ => return,
        };
        // A broker may bring it more than once.
        for _ in 0..2 {
            self.backend.actors.tell_series(&series.to_string(), method, message.clone()).await;
        }
    }

    /// Does what the ledger plans; false if there is nothing.
    async fn work(&self) -> bool {
        let entries: Vec<(Uuid, Uuid, Uuid, String)> = sqlx::query_as(
            "SELECT series_id, predecessor, next_id, status FROM recurrence_ledger WHERE status IN ('planned', 'withdraw')",
        )
        .fetch_all(&self.backend.app.pool)
        .await
        .unwrap();
        for (series_id, predecessor, next_id, status) in &entries {
            let make = MakeInstance { series_id: *series_id, predecessor: *predecessor, next_id: *next_id };
            let answer = if status == "planned" {
                self.backend.post(PATH, value(&make)).await
            } else {
                self.backend.request("DELETE", &format!("{PATH}/{next_id}")).send().await
            };
            assert_eq!(answer.status, 200, "{}", answer.body);
            sqlx::query("UPDATE recurrence_ledger SET status = $1 WHERE next_id = $2")
                .bind(answer.body["outcome"].as_str().unwrap())
                .bind(next_id)
                .execute(&self.backend.app.pool)
                .await
                .unwrap();
        }
        !entries.is_empty()
    }

    async fn open(&self) -> Vec<Value> {
        let listed =
            self.backend.request("GET", "/api/v1/tasks?status=open").token(&self.ada.token).send().await;
        listed.body["items"].as_array().unwrap().clone()
    }

    /// The only open task.
    async fn only(&self) -> Value {
        let mut open = self.open().await;
        assert_eq!(open.len(), 1, "{open:?}");
        open.remove(0)
    }
}

fn path(task: &Value) -> String {
    format!("/api/v1/tasks/{}", task["id"].as_str().unwrap())
}

fn value(message: &impl Serialize) -> Value {
    serde_json::to_value(message).unwrap()
}

fn recurring(rule: Value) -> Value {
    json!({
        "title": "Water the plants", "tags": ["home"], "reminders": [{"before": "PT10M"}],
        "due": {"at": "2026-07-06T09:00:00"}, "recurrence": rule,
    })
}

#[sqlx::test(migrations = false)]
async fn completing_makes_the_next_and_reopening_withdraws_it(pool: PgPool) {
    let (mut chain, first) = Chain::new(pool, recurring(json!({"rrule": "FREQ=WEEKLY"}))).await;
    chain.post(&first, "complete").await;
    let next = chain.only().await;
    assert_eq!(next["due"]["at"], "2026-07-13T09:00:00");
    assert_eq!((&next["tags"], &next["title"]), (&json!(["home"]), &json!("Water the plants")));
    assert_eq!(next["reminders"][0]["fires_at"], "2026-07-13T06:50:00Z");

    chain.post(&first, "reopen").await;
    assert_eq!(path(&chain.only().await), first, "nobody touched the next one");
    chain.post(&first, "complete").await;
    assert_eq!(chain.only().await["id"], next["id"], "it is the same one again");
    chain.send("PATCH", &path(&next), json!({"notes": "the fern too"})).await;
    chain.post(&first, "reopen").await;
    assert_eq!(chain.open().await.len(), 2, "somebody touched it");
    chain.post(&first, "complete").await;
    assert_eq!(chain.only().await["id"], next["id"]);

    chain.post(&path(&next), "skip").await;
    assert_eq!(chain.only().await["due"]["at"], "2026-07-20T09:00:00");
}

#[sqlx::test(migrations = false)]
async fn what_is_undone_is_undone_for_the_series_too(pool: PgPool) {
    let (mut chain, first) = Chain::new(pool, recurring(json!({"rrule": "FREQ=WEEKLY"}))).await;
    chain.post(&first, "complete").await;
    let next = chain.only().await;
    chain.post(&first, "undo").await;
    assert_eq!(path(&chain.only().await), first, "nobody touched the next one");
    chain.post(&first, "undo").await;
    assert_eq!(chain.only().await["id"], next["id"], "it is the same one again");

    let next = path(&next);
    chain.send("PATCH", &next, json!({"recurrence": null})).await;
    chain.post(&next, "undo").await;
    chain.post(&next, "complete").await;
    let third = chain.only().await;
    assert_eq!(third["due"]["at"], "2026-07-20T09:00:00", "it recurs after all");
    chain.send("PATCH", &path(&third), json!({"recurrence": {"rrule": "FREQ=DAILY"}})).await;
    chain.post(&path(&third), "undo").await;
    chain.post(&path(&third), "complete").await;
    assert_eq!(chain.only().await["due"]["at"], "2026-07-27T09:00:00", "every week, as before");
}

#[sqlx::test(migrations = false)]
async fn the_next_instance_belongs_where_the_one_before_did(pool: PgPool) {
    let (mut chain, first) = Chain::new(pool, recurring(json!({"rrule": "FREQ=WEEKLY"}))).await;
    let parent = chain.send("POST", "/api/v1/tasks", json!({"title": "Household"})).await;
    let planned = json!({"parent_id": parent["id"], "start": "2026-07-04", "estimate": "PT45M"});
    let edited = chain.send("PATCH", &format!("{first}?scope=all"), planned).await;
    chain.post(&first, "complete").await;
    let open = chain.open().await;
    let next = open.iter().find(|task| task["id"] != parent["id"]).expect("the next one");
    assert_eq!((&next["start"], &next["estimate"]), (&json!("2026-07-11"), &json!("PT45M")));
    assert_eq!((&next["parent_id"], &next["position"]), (&parent["id"], &edited["position"]));

    let next = path(next);
    chain.send("DELETE", &path(&parent), json!({})).await;
    chain.post(&next, "complete").await;
    let third = chain.only().await;
    assert_eq!(third["parent_id"], json!(null), "its parent is in the trash, and so it comes alone");
}

#[sqlx::test(migrations = false)]
async fn a_count_and_an_end_are_kept_to(pool: PgPool) {
    let (mut chain, first) = Chain::new(pool, recurring(json!({"rrule": "FREQ=WEEKLY;COUNT=3"}))).await;
    chain.post(&first, "complete").await;
    let second = path(&chain.only().await);
    chain.post(&second, "complete").await;
    let third = path(&chain.only().await);
    chain.post(&third, "complete").await;
    assert_eq!(chain.open().await.len(), 0);
    chain.post(&third, "reopen").await;

    let edit = chain.send("PATCH", &third, json!({"recurrence": {"rrule": "FREQ=DAILY"}})).await;
    assert_eq!(edit["recurrence"]["text"], "every day");
    chain.post(&third, "complete").await;
    let fourth = chain.only().await;
    assert_eq!(fourth["due"]["at"], "2026-07-21T09:00:00");
    chain.post(&path(&fourth), "recurrence/end").await;
    chain.post(&path(&fourth), "complete").await;
    assert_eq!(chain.open().await.len(), 0);
}

#[sqlx::test(migrations = false)]
async fn an_edit_reaches_the_instances_it_is_about(pool: PgPool) {
    let (mut chain, first) = Chain::new(pool, recurring(json!({"rrule": "FREQ=WEEKLY"}))).await;
    let this = json!({"title": "Water the fern", "due": {"at": "2026-07-07T10:00:00"}});
    chain.send("PATCH", &first, this).await;
    chain.post(&first, "complete").await;
    let second = chain.only().await;
    assert_eq!(
        (&second["title"], &second["due"]["at"]),
        (&json!("Water the plants"), &json!("2026-07-13T09:00:00"))
    );

    let following = json!({"title": "Feed the cat", "due": {"at": "2026-07-14T18:00:00"}});
    chain.send("PATCH", &format!("{}?scope=following", path(&second)), following).await;
    chain.post(&path(&second), "complete").await;
    let third = chain.only().await;
    assert_eq!(
        (&third["title"], &third["due"]["at"]),
        (&json!("Feed the cat"), &json!("2026-07-21T18:00:00"))
    );

    chain.send("PATCH", &path(&third), json!({"recurrence": null})).await;
    chain.post(&path(&third), "complete").await;
    assert_eq!(chain.open().await.len(), 0, "it recurs no more");
}

#[sqlx::test(migrations = false)]
async fn what_is_edited_and_completed_at_once_follows_the_edit(pool: PgPool) {
    let (mut chain, first) = Chain::new(pool, recurring(json!({"rrule": "FREQ=WEEKLY"}))).await;
    // The broker brings the completion before the edit, which waits in the outbox.
    let request = |method, path: &str| chain.backend.request(method, path).token(&chain.ada.token);
    let edit = json!({"recurrence": {"rrule": "FREQ=DAILY"}});
    assert_eq!(request("PATCH", &first).json(edit).send().await.status, 200);
    assert_eq!(request("POST", &format!("{first}/complete")).send().await.status, 200);
    let event: Value =
        sqlx::query_scalar("SELECT body FROM actor_outbox WHERE body ->> 'type' = 'task.completed'")
            .fetch_one(&chain.backend.app.pool)
            .await
            .unwrap();
    chain.subscriber(&event).await;
    while chain.work().await || chain.relay().await {}
    assert_eq!(chain.only().await["due"]["at"], "2026-07-07T09:00:00");
}

#[sqlx::test(migrations = false)]
async fn the_whole_series_is_shifted_and_counts_on(pool: PgPool) {
    let (mut chain, first) = Chain::new(pool, recurring(json!({"rrule": "FREQ=WEEKLY;COUNT=3"}))).await;
    chain.post(&first, "complete").await;
    let second = path(&chain.only().await);
    let later = json!({"due": {"at": "2026-07-13T18:30:00"}});
    chain.send("PATCH", &format!("{second}?scope=all"), later).await;
    chain.post(&second, "skip").await;
    let third = chain.only().await;
    assert_eq!(third["due"]["at"], "2026-07-20T18:30:00");
    chain.post(&path(&third), "complete").await;
    assert_eq!(chain.open().await.len(), 0, "three in all");
}

#[sqlx::test(migrations = false)]
async fn missed_ones_are_kept_by_a_series_that_keeps_each(pool: PgPool) {
    let rule = json!({"rrule": "FREQ=DAILY", "missed": "keep-each"});
    let body = json!({"title": "Water the plants", "due": {"date": "2026-06-27"}, "recurrence": rule});
    let (mut chain, first) = Chain::new(pool, body).await;
    let checked = chain.send("POST", "/api/jobs/check-recurrences", json!({})).await;
    assert_eq!((&checked["series"], &checked["failed"]), (&json!(1), &json!(0)));
    assert_eq!(checked["planned"], 4, "28, 29 and 30 June, and 1 July, which has begun");
    assert_eq!(chain.open().await.len(), 5);
    let again = chain.send("POST", "/api/jobs/check-recurrences", json!({})).await;
    assert_eq!(again["planned"], 0);
    chain.post(&first, "complete").await;
    assert_eq!(chain.open().await.len(), 4, "its successor is there already");
}

#[sqlx::test(migrations = false)]
async fn from_completion_counts_from_the_users_day(pool: PgPool) {
    let rule = json!({"rrule": "FREQ=DAILY;INTERVAL=3", "from": "completion"});
    let body = json!({"title": "Water the plants", "due": {"date": "2026-06-20"}, "recurrence": rule});
    let (mut chain, first) = Chain::new(pool, body).await;
    // Half past midnight in Berlin is the day before in UTC.
    chain.backend.clock.advance(chrono::TimeDelta::minutes(14 * 60 + 30));
    chain.post(&first, "complete").await;
    assert_eq!(chain.only().await["due"], json!({"date": "2026-07-05"}));
}
