//! What is thrown away: it comes back whole, or goes for good.

use std::time::Duration;

use almanac_tests::{Person, Request, eventually, fires_at, unchanged_for};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, types::Json};
use uuid::Uuid;
use virtual_actors::{Clock, IdSource, System};
use xtask::Stack;

pub(crate) async fn what_comes_out_of_the_trash_reminds_once(stack: &Stack) {
    let ada = Person::register(stack).await;
    let task = ada.create_reminding_in("Thrown away by mistake", 6).await;
    let subtask = ada.create(json!({"title": "Its part", "parent_id": task["id"]})).await;
    ada.act(ada.of_task("DELETE", &task, "")).await;
    assert_eq!(ada.of_task("GET", &task, "").send().await.status, 404);
    let both = eventually("the subtask in the trash", Duration::from_secs(30), async || {
        Some(ada.all("/trash").await).filter(|trash| trash.len() == 2)
    })
    .await;
    let trashed = both.iter().find(|trashed| trashed["id"] == task["id"]).expect("it is there");
    let instant =
        |member: &str| -> DateTime<Utc> { serde_json::from_value(trashed[member].clone()).expect("one") };
    assert_eq!(instant("kept_until") - instant("deleted_at"), TimeDelta::days(30));

    let restored = ada.act(ada.of_task("POST", &task, "/restore")).await;
    assert_eq!(fires_at(&restored), fires_at(&task));
    eventually("the subtask out of the trash", Duration::from_secs(30), async || {
        (ada.of_task("GET", &subtask, "").send().await.status == 200).then_some(())
    })
    .await;
    assert!(ada.all("/trash").await.is_empty());
    let inbox = ada.notified(1).await;
    assert_eq!(
        (&inbox[0]["title"], &inbox[0]["due_at"]),
        (&task["title"], &task["reminders"][0]["fires_at"])
    );
    ada.mailed(1).await;
    ada.history_holds(&task, &[("task.deleted", 1), ("task.restored", 1), ("reminder.fired", 1)]).await;
    unchanged_for(Duration::from_secs(1), async || {
        (ada.notifications().await.len(), ada.mails().await.len())
    })
    .await;
}

pub(crate) async fn after_thirty_days_the_daily_job_deletes_for_good(stack: &Stack) {
    let ada = Person::register(stack).await;
    let kept = ada.create(json!({"title": "Thrown away today"})).await;
    ada.act(ada.of_task("DELETE", &kept, "")).await;
    let old = json!({ "id": thrown_away_a_month_ago(stack, &kept).await });
    let in_trash = async || -> Vec<Value> {
        ada.all("/trash").await.iter().map(|trashed| trashed["id"].clone()).collect()
    };
    assert_eq!(in_trash().await, [kept["id"].clone(), old["id"].clone()]);

    let job = Request::new("POST", format!("{}/api/jobs/daily-cleanup", stack.backend_url()));
    let done = job.until_answered().await;
    assert_eq!(done.status, 200, "{done:?}");
    assert!(done.body["tasks"].as_u64() >= Some(1), "{done:?}");
    assert_eq!(in_trash().await, [kept["id"].clone()]);
    for (method, rest) in [("GET", ""), ("POST", "/restore"), ("POST", "/undo")] {
        let answer = ada.of_task(method, &old, rest).send().await;
        assert_eq!(
            (answer.status, &answer.body["type"]),
            (404, &json!("/api/problems/not-found")),
            "{method} {rest}"
        );
    }
    ada.act(ada.of_task("POST", &kept, "/restore")).await;
    assert_eq!(ada.all("/tasks").await.len(), 1);
}

/// A task like one in the trash, but for its id and since when it is there. No actor has been asked for it yet.
async fn thrown_away_a_month_ago(stack: &Stack, like: &Value) -> Uuid {
    let id = System.next_id();
    let mut database =
        PgConnection::connect(stack.database_url().expect("it runs")).await.expect("it is ready");
    let differs = json!({ "id": id, "deleted_at": System.now() - TimeDelta::days(31) });
    sqlx::query(
        "INSERT INTO task (id, version, state) SELECT $2, version, state || $3 FROM task WHERE id = $1",
    )
    .bind(like["id"].as_str().expect("an id"))
    .bind(id.to_string())
    .bind(Json(differs))
    .execute(&mut database)
    .await
    .expect("it can be stored");
    id
}
