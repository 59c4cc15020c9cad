//! Constant load while something is changed: every request is sent once, and every answer counts.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use almanac_tests::Person;
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::time::Instant;
use xtask::Stack;

const TASKS: usize = 16;

/// What came of it.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) calls: usize,
    pub(crate) longest: Duration,
}

/// Edits, completes and reopens many tasks while `change` goes on. Nobody sends a request twice: what the change
/// holds up, the backend tries again by itself. No answer may be an error, no version may be missing, then or in
/// the histories.
pub(crate) async fn under_load(stack: &mut Stack, change: impl AsyncFnOnce(&mut Stack)) -> Load {
    let ada = Person::register(stack).await;
    let tasks = join_all((0..TASKS).map(|n| ada.create(json!({ "title": format!("Task {n}") })))).await;
    let going = AtomicBool::new(true);
    let work = async |task: &Value| {
        let (mut version, mut longest) = (1, Duration::ZERO);
        while going.load(Ordering::Relaxed) {
            let request = match version % 3 {
                1 => ada.of_task("PATCH", task, "").json(json!({ "title": format!("After {version}") })),
                2 => ada.of_task("POST", task, "/complete"),
                _ => ada.of_task("POST", task, "/reopen"),
            };
            let sent = Instant::now();
            let answer = request.send().await;
            longest = longest.max(sent.elapsed());
            version += 1;
            assert_eq!((answer.status, &answer.body["version"]), (200, &json!(version)), "{answer:?}");
        }
        (version, longest)
    };
    let change = async {
        change(stack).await;
        going.store(false, Ordering::Relaxed);
    };
    let (done, ()) = tokio::join!(join_all(tasks.iter().map(work)), change);

    for (task, (last, _)) in tasks.iter().zip(&done) {
        let of = |change| (2..=*last).filter(|version| version % 3 == change).count();
        let changes = [
            ("task.created", 1),
            ("task.updated", of(2)),
            ("task.completed", of(0)),
            ("task.reopened", of(1)),
        ];
        let history = ada.history_holds(task, &changes).await;
        let versions: Vec<&Value> = history.iter().map(|entry| &entry["version"]).collect();
        assert_eq!(versions, (1..=*last).collect::<Vec<_>>());
    }
    let calls = done.iter().map(|(last, _)| last - 1).sum();
    Load { calls, longest: done.iter().map(|(_, longest)| *longest).max().unwrap_or_default() }
}
