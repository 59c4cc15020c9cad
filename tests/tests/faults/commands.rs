//! Commands that are sent until they are answered.

use std::sync::atomic::{AtomicUsize, Ordering};

use almanac_tests::{Person, eventually};
use futures::future::join_all;
use serde_json::{Value, json};
use xtask::Stack;

pub(crate) async fn every_answered_command_survives_a_crash_of_the_database(stack: &mut Stack) {
    const WRITERS: usize = 4;
    const EACH: usize = 25;
    let ada = Person::register(stack).await;
    let shared = ada.create(json!({ "title": "Edited by all" })).await;
    let answered = AtomicUsize::new(0);
    let write = async |writer: usize| {
        let (mut created, mut versions) = (Vec::new(), Vec::new());
        for n in 0..EACH {
            let title = json!({ "title": format!("{writer}/{n}") });
            let key = format!("{writer}-{n}");
            let create = ada.request("POST", "/tasks").key(&key).json(title.clone()).until_answered().await;
            assert_eq!(create.status, 201, "{create:?}");
            created.push(create.body["id"].clone());
            let edit = ada.of_task("PATCH", &shared, "").key(&key).json(title).until_answered().await;
            assert_eq!(edit.status, 200, "{edit:?}");
            versions.push(edit.body["version"].as_u64().expect("a number"));
            answered.fetch_add(1, Ordering::Relaxed);
        }
        (created, versions)
    };
    let crash = async {
        for part in [WRITERS * EACH / 4, WRITERS * EACH / 2] {
            let halfway = async || (answered.load(Ordering::Relaxed) >= part).then_some(());
            eventually("some answers", std::time::Duration::from_secs(60), halfway).await;
            stack.kill_postgres().await.expect("it ran");
        }
    };
    let (written, ()) = tokio::join!(join_all((0..WRITERS).map(write)), crash);
    crate::ready_again(stack).await;

    let (created, versions): (Vec<_>, Vec<_>) = written.into_iter().unzip();
    let mut created: Vec<Value> = created.into_iter().flatten().chain([shared["id"].clone()]).collect();
    let mut listed: Vec<Value> = ada.all("/tasks").await.into_iter().map(|task| task["id"].clone()).collect();
    created.sort_by_key(Value::to_string);
    listed.sort_by_key(Value::to_string);
    assert_eq!(listed, created, "each is there once, and nothing else");

    let mut versions: Vec<u64> = versions.into_iter().flatten().collect();
    versions.sort_unstable();
    let last = (WRITERS * EACH + 1) as u64;
    assert_eq!(versions, (2..=last).collect::<Vec<_>>(), "each edit has a version of its own, without gap");
    let history = ada.history_holds(&shared, &[("task.created", 1), ("task.updated", WRITERS * EACH)]).await;
    let versions: Vec<u64> = history.iter().filter_map(|entry| entry["version"].as_u64()).collect();
    assert_eq!(versions, (1..=last).collect::<Vec<_>>());
}
