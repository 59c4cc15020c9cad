//! An event that a subscriber cannot take is set aside, and the others go on.

use std::time::Duration;

use almanac_tests::{Person, eventually, publish};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;
use virtual_actors::{Clock, IdSource, System};
use xtask::Stack;

const SOON: Duration = Duration::from_secs(60);

async fn database(stack: &Stack) -> PgConnection {
    PgConnection::connect(stack.database_url().expect("it runs")).await.expect("it is ready")
}

/// The subscribers that have given up an event whose text holds this.
async fn given_up_by(database: &mut PgConnection, text: &str) -> Vec<String> {
    let sql = "SELECT app FROM dead_letter WHERE redriven_at IS NULL AND strpos(event, $1) > 0 ORDER BY app";
    sqlx::query_scalar(sql).bind(text).fetch_all(database).await.expect("dead letters")
}

pub(crate) async fn an_event_nobody_can_take_holds_up_no_other_and_comes_through_when_mended(stack: &Stack) {
    let (ada, mut database) = (Person::register(stack).await, database(stack).await);
    let task = ada.create(json!({ "title": "Before and after" })).await;
    let id = System.next_id();
    let event = json!({
        "specversion": "1.0", "id": id, "type": "task.teleported", "source": "/tests", "subject": task["id"],
        "time": "yesterday", "datacontenttype": "application/json",
        "data": { "task_id": task["id"], "user_id": ada.id, "version": 1 },
    });
    publish(stack, "task-events", &event, false).await;

    // All that subscribe, each its own.
    let all = ["audit-service", "notification-service", "recurring-task-service"];
    eventually("it to be set aside", SOON, async || {
        (given_up_by(&mut database, &id.to_string()).await == all).then_some(())
    })
    .await;
    let title = json!({ "title": "Later" });
    ada.act(ada.of_task("PATCH", &task, "").json(title)).await;
    let history = ada.history_holds(&task, &[("task.created", 1), ("task.updated", 1)]).await;
    assert_eq!(history.len(), 2, "nothing of what cannot be taken: {history:?}");

    let redrive = async |database: &mut PgConnection| -> Vec<Option<String>> {
        let sql = "SELECT refused FROM redrive_dead_letters('audit-service', $1)";
        sqlx::query_scalar(sql).bind(id).fetch_all(database).await.expect("it can be published")
    };
    assert_eq!(redrive(&mut database).await, [None]);
    eventually("it to be set aside again", SOON, async || {
        (given_up_by(&mut database, &id.to_string()).await == all).then_some(())
    })
    .await;

    sqlx::query("UPDATE dead_letter SET event = replace(event, 'yesterday', $2) WHERE event_id = $1")
        .bind(id)
        .bind(System.now().to_rfc3339())
        .execute(&mut database)
        .await
        .expect("it is mended");
    assert_eq!(redrive(&mut database).await, [None]);
    let history = ada.history_holds(&task, &[("task.teleported", 1)]).await;
    let ids: Vec<&Value> = history.iter().map(|entry| &entry["event_id"]).collect();
    assert_eq!(
        (history.len(), ids.iter().filter(|other| **other == &json!(id)).count()),
        (3, 1),
        "{history:?}"
    );
}

pub(crate) async fn what_is_no_event_at_all_is_kept(stack: &Stack) {
    let mut database = database(stack).await;
    let text = Uuid::to_string(&System.next_id());
    publish(stack, "reminders", &json!(text), true).await;
    let kept = async || given_up_by(&mut database, &text).await.pop();
    assert_eq!(eventually("it to be set aside", SOON, kept).await, "notification-service");
}
