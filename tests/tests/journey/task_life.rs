//! What a task's life does to its reminders.

use std::time::Duration;

use almanac_tests::{Person, assert_in_time, due_in, fires_at, sleep_until, unchanged_for};
use chrono::TimeDelta;
use serde_json::{Value, json};
use xtask::Stack;

/// Well after a reminder's time: nothing that was going to come is still on its way.
async fn well_after(task: &Value) {
    sleep_until(fires_at(task) + TimeDelta::seconds(2)).await;
}

pub(crate) async fn a_task_that_is_done_or_deleted_does_not_remind(stack: &Stack) {
    let ada = Person::register(stack).await;
    let done = ada.create_reminding_in("Done in time", 10).await;
    let deleted = ada.create_reminding_in("Deleted in time", 10).await;
    let open = ada.create_reminding_in("Still open", 10).await;
    let answer = ada.act(ada.of_task("POST", &done, "/complete")).await;
    assert_eq!((&answer["status"], &answer["version"]), (&json!("done"), &json!(2)));
    ada.act(ada.of_task("DELETE", &deleted, "")).await;

    well_after(&open).await;
    let inbox = ada.notified(1).await;
    let titles: Vec<&Value> = inbox.iter().map(|shown| &shown["title"]).collect();
    assert_eq!(titles, ["Still open"]);
    ada.mailed(1).await;
    unchanged_for(Duration::from_secs(1), async || {
        (ada.notifications().await.len(), ada.mails().await.len())
    })
    .await;
    let history = ada.history_holds(&done, &[("task.created", 1), ("task.completed", 1)]).await;
    assert_eq!(history.len(), 2, "{history:?}");
    let history = ada.history_holds(&deleted, &[("task.created", 1), ("task.deleted", 1)]).await;
    assert_eq!(history.len(), 2, "{history:?}");
}

pub(crate) async fn a_moved_task_reminds_at_its_new_time_only(stack: &Stack) {
    let ada = Person::register(stack).await;
    let sooner = ada.create_reminding_in("Moved to sooner", 600).await;
    let later = ada.create_reminding_in("Moved to later", 10).await;
    let gone = ada.create_reminding_in("Without a time", 10).await;
    let patch = async |task: &Value, due: Value| {
        ada.act(ada.of_task("PATCH", task, "").json(json!({ "due": due }))).await
    };
    let moved = patch(&sooner, due_in(63)).await;
    assert_eq!(moved["reminders"][0]["id"], sooner["reminders"][0]["id"], "it stays the same reminder");
    let moved_later = patch(&later, due_in(80)).await;
    let without = patch(&gone, Value::Null).await;
    assert_eq!(without["reminders"][0]["fires_at"], Value::Null);

    well_after(&moved_later).await;
    let inbox = ada.notified(2).await;
    for (shown, task) in inbox.iter().zip([&moved_later, &moved]) {
        assert_eq!((&shown["title"], &shown["due_at"]), (&task["title"], &task["reminders"][0]["fires_at"]));
        assert_in_time(shown["late_ms"].as_i64().expect("a number"), Duration::from_secs(1));
    }
    assert_eq!(inbox.len(), 2);
    assert_eq!(ada.mailed(2).await.len(), 2);
}

pub(crate) async fn a_reopened_task_reminds_again(stack: &Stack) {
    let ada = Person::register(stack).await;
    let task = ada.create_reminding_in("Not done after all", 10).await;
    ada.act(ada.of_task("POST", &task, "/complete")).await;
    let reopened = ada.act(ada.of_task("POST", &task, "/reopen")).await;
    assert_eq!((&reopened["status"], &reopened["completed_at"]), (&json!("open"), &Value::Null));
    let trashed = ada.create_reminding_in("Out of the trash", 10).await;
    ada.act(ada.of_task("DELETE", &trashed, "")).await;
    ada.act(ada.of_task("POST", &trashed, "/restore")).await;

    ada.notified(2).await;
    well_after(&trashed).await;
    assert_eq!(ada.notifications().await.len(), 2);
    assert_eq!(ada.mailed(2).await.len(), 2);
    let kinds = ["task.created", "task.completed", "task.reopened", "reminder.fired"].map(|kind| (kind, 1));
    ada.history_holds(&task, &kinds).await;
}

pub(crate) async fn a_reminder_that_fired_fires_again_when_moved(stack: &Stack) {
    let ada = Person::register(stack).await;
    let task = ada.create_reminding_in("Again", 2).await;
    ada.notified(1).await;
    // What was not mailed before the move is superseded, and never is.
    ada.mailed(1).await;
    let renamed = ada.act(ada.of_task("PATCH", &task, "").json(json!({ "title": "Once more" }))).await;
    assert_eq!(renamed["version"], 2);
    let moved = ada.act(ada.of_task("PATCH", &task, "").json(json!({ "due": due_in(63) }))).await;
    let inbox = ada.notified(2).await;
    assert_eq!(inbox[0]["due_at"], moved["reminders"][0]["fires_at"]);
    assert_eq!((&inbox[0]["title"], &inbox[1]["title"]), (&json!("Once more"), &json!("Again")));
    assert_eq!(inbox[0]["reminder_id"], inbox[1]["reminder_id"]);
    let mails = ada.mailed(2).await;
    assert_ne!(mails[0].message_id, mails[1].message_id, "two firings are two mails");
    ada.history_holds(&task, &[("reminder.fired", 2), ("task.updated", 2), ("notification.delivered", 4)])
        .await;
    unchanged_for(Duration::from_secs(2), async || {
        (ada.notifications().await.len(), ada.mails().await.len())
    })
    .await;
}
