//! Edits under keys, one after the other, that are sent until they are answered, while something dies.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use almanac_tests::{Answer, Person, Request, eventually};
use futures::future::join_all;
use serde_json::{Value, json};
use xtask::Stack;

const TASKS: usize = 16;
const EDITS: usize = 12;

/// Edits many tasks; `death` comes when a quarter of the edits is answered. Each must be answered by the next version,
/// get the same answer when all is over, and be in the history once.
pub(crate) async fn each_edit_is_answered_once_despite(stack: &Stack, death: impl Future<Output = ()>) {
    let ada = Person::register(stack).await;
    let tasks = join_all((0..TASKS).map(|n| ada.create(json!({ "title": format!("Task {n}") })))).await;
    let answered = AtomicUsize::new(0);
    let death = async {
        let some = async || (answered.load(Ordering::Relaxed) >= TASKS * EDITS / 4).then_some(());
        eventually("some answers", Duration::from_secs(60), some).await;
        death.await;
    };
    let edits = join_all(tasks.iter().map(|task| edit(&ada, task, &answered)));
    let (edits, ()) = tokio::join!(edits, death);
    stack.until_ready().await.expect("it is ready again");

    for (task, edits) in tasks.iter().zip(edits) {
        for (request, answer) in edits {
            assert_eq!(request.until_answered().await, answer, "a retry gets the first answer");
        }
        let history = ada.history_holds(task, &[("task.created", 1), ("task.updated", EDITS)]).await;
        let versions: Vec<&Value> = history.iter().map(|entry| &entry["version"]).collect();
        assert_eq!(versions, (1..=EDITS + 1).collect::<Vec<_>>());
    }
}

async fn edit(person: &Person, task: &Value, answered: &AtomicUsize) -> Vec<(Request, Answer)> {
    let mut edits = Vec::new();
    for n in 0..EDITS {
        let title = json!({ "title": format!("Edit {n}") });
        let request = person.of_task("PATCH", task, "").key(format!("edit-{n}")).json(title);
        let answer = request.until_answered().await;
        assert_eq!((answer.status, &answer.body["version"]), (200, &json!(n + 2)), "{answer:?}");
        answered.fetch_add(1, Ordering::Relaxed);
        edits.push((request, answer));
    }
    edits
}
