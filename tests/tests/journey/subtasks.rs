//! A parent and its subtasks, through the outbox of the running system.

use std::time::Duration;

use almanac_tests::{Person, due_in, eventually};
use serde_json::{Value, json};
use xtask::Stack;

const SOON: Duration = Duration::from_secs(10);

pub(crate) async fn subtasks_go_to_the_trash_with_their_parent_and_come_back_reminding(stack: &Stack) {
    let ada = Person::register(stack).await;
    let parent = ada.create(json!({ "title": "Move house" })).await;
    let child = ada.create(json!({ "title": "Pack", "parent_id": parent["id"] })).await;
    let reminding = json!({
        "title": "Call the movers", "parent_id": child["id"], "due": due_in(8), "reminders": [{ "before": "PT0S" }],
    });
    let grandchild = ada.create(reminding).await;
    let circle =
        ada.of_task("PATCH", &parent, "").json(json!({ "parent_id": grandchild["id"] })).send().await;
    assert_eq!((circle.status, &circle.body["errors"][0]["rule"]), (422, &json!("cycle")));

    ada.act(ada.of_task("DELETE", &parent, "")).await;
    let status = async |task: &Value| ada.of_task("GET", task, "").send().await.status;
    eventually("all are in the trash", SOON, async || {
        (ada.all("/trash").await.len() == 3 && status(&grandchild).await == 404).then_some(())
    })
    .await;
    ada.act(ada.of_task("POST", &parent, "/undo")).await;
    eventually("all are back", SOON, async || {
        (ada.all("/trash").await.is_empty() && status(&grandchild).await == 200).then_some(())
    })
    .await;
    let inbox = ada.notified(1).await;
    assert_eq!(inbox[0]["title"], "Call the movers");
}
