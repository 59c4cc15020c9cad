//! A project that several people share.

use std::time::Duration;

use almanac_tests::{Person, eventually};
use serde_json::{Value, json};
use xtask::Stack;

const SOON: Duration = Duration::from_secs(30);

pub(crate) async fn a_project_is_shared_as_its_owner_says_and_no_longer(stack: &Stack) {
    let (ada, bob) = (Person::register(stack).await, Person::register(stack).await);
    let project = ada.act(ada.request("POST", "/projects").json(json!({"name": "Garden"}))).await;
    let id = project["id"].as_str().expect("an id");
    let path = format!("/projects/{id}");
    let task = ada.create(json!({"title": "Weed", "project_id": id})).await;
    let status = async |method: &str, rest: &str, body: Value| {
        bob.of_task(method, &task, rest).json(body).until_answered().await.status
    };
    assert_eq!(status("GET", "", Value::Null).await, 404);

    let member = json!({"email": bob.email, "role": "viewer"});
    ada.act(ada.request("POST", &format!("{path}/members")).json(member)).await;
    assert_eq!(bob.all("/projects").await[0]["role"], "viewer");
    assert_eq!(status("GET", "", Value::Null).await, 200);
    assert_eq!(status("PATCH", "", json!({"title": "Mow"})).await, 403);
    assert_eq!(status("POST", "/comments", json!({"text": "Which bed?"})).await, 201);
    assert_eq!(ada.all(&format!("/tasks/{}/comments", parse(&task))).await[0]["text"], "Which bed?");

    let his = format!("{path}/members/{}", bob.id);
    ada.act(ada.request("PATCH", &his).json(json!({"role": "editor"}))).await;
    assert_eq!(status("PATCH", "", json!({"title": "Mow"})).await, 200);
    assert_eq!(status("POST", "/complete", Value::Null).await, 200);
    let history = ada.history_holds(&task, &[("task.commented", 1), ("task.completed", 1)]).await;
    let by = |kind: &str| history.iter().find(|entry| entry["type"] == kind).map(|entry| &entry["by"]);
    assert_eq!(by("task.created"), Some(&json!(ada.id)));
    assert_eq!(by("task.completed"), Some(&json!(bob.id)));

    ada.act(ada.request("DELETE", &his)).await;
    assert_eq!(status("GET", "", Value::Null).await, 404);
    assert_eq!(status("POST", "/reopen", Value::Null).await, 404);

    // Its tasks follow it to the trash and back.
    let seen = async || ada.of_task("GET", &task, "").until_answered().await.status;
    ada.act(ada.request("DELETE", &path)).await;
    eventually("the task in the trash", SOON, async || (seen().await == 404).then_some(())).await;
    ada.act(ada.request("POST", &format!("{path}/restore"))).await;
    eventually("the task out of the trash", SOON, async || (seen().await == 200).then_some(())).await;
    let told = eventually("the project's history", SOON, async || {
        let entries = ada.all(&format!("{path}/history")).await;
        (entries.len() == 6).then_some(entries)
    })
    .await;
    let kinds: Vec<&str> = told.iter().filter_map(|entry| entry["type"].as_str()).collect();
    let expected = ["created", "member_added", "role_changed", "member_removed", "deleted", "restored"];
    assert_eq!(kinds, expected.map(|kind| format!("project.{kind}")));
}

fn parse(task: &Value) -> &str {
    task["id"].as_str().expect("an id")
}
