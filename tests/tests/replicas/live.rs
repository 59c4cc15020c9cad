//! Live events, with several backends.

use std::collections::BTreeMap;

use almanac_tests::{LiveEvents, Person};
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::sync::watch;
use xtask::{Process, Stack};

const BACKEND: &str = "todo-backend";
const TASKS: usize = 8;
const EDITS: usize = 10;

pub(crate) async fn changes_reach_clients_of_every_backend_and_a_kill_loses_and_doubles_none(
    stack: &mut Stack,
) {
    stack.scale(BACKEND, 2).await.expect("there is one more");
    let ada = Person::register(stack).await;
    let backends = stack.ports().of(BACKEND);
    let [first, second] = [0, 1].map(|n| ada.by(format!("http://127.0.0.1:{}", backends[n].app)));
    let tasks = join_all((0..TASKS).map(|n| ada.create(json!({ "title": format!("Task {n}") })))).await;
    let (mut dying, mut living) = (LiveEvents::of(&first).await, LiveEvents::of(&second).await);

    // The second half waits for the kill, so there is something to come after it.
    let (killed, kill) = watch::channel(false);
    let edits = join_all(tasks.iter().map(async |task| {
        for n in 0..EDITS {
            if n == EDITS / 2 {
                kill.clone().wait_for(|killed| *killed).await.expect("it is killed");
            }
            let title = json!({ "title": format!("Edit {n}") });
            let edit = ada.of_task("PATCH", task, "").key(format!("edit-{n}")).json(title);
            assert_eq!(edit.until_answered().await.status, 200);
        }
    }));
    let dying = async {
        let (mut seen, mut deaths) = (BTreeMap::new(), 0);
        while seen.len() < TASKS * EDITS {
            match dying.next().await {
                Some(event) => count(&mut seen, &event.data),
                None => {
                    deaths += 1;
                    dying.resume(&second).await;
                }
            }
            if seen.len() == TASKS * EDITS / 4 && !*killed.borrow() {
                stack.kill(BACKEND, 0, Process::App).await.expect("it ran");
                killed.send_replace(true);
            }
        }
        assert_eq!(deaths, 1, "it was killed in between");
        seen
    };
    let living = async {
        let mut seen = BTreeMap::new();
        while seen.len() < TASKS * EDITS {
            count(&mut seen, &living.next().await.expect("it lives").data);
        }
        seen
    };
    let ((), dying, living) = tokio::join!(async { drop(edits.await) }, dying, living);
    assert_eq!(dying, living, "what was killed and resumed has seen what the other has");
    assert!(living.values().all(|times| *times == 1), "each once: {living:?}");
    let versions = 2..=EDITS as i64 + 1;
    for task in &tasks {
        let id = task["id"].as_str().expect("an id");
        assert!(versions.clone().all(|version| living.contains_key(&(id.to_owned(), version))), "{living:?}");
    }
    stack.until_ready().await.expect("it is ready again");
    stack.scale(BACKEND, 1).await.expect("there is one less");
}

fn count(seen: &mut BTreeMap<(String, i64), u32>, data: &Value) {
    let text = |member: &str| data[member].as_str().map(str::to_owned);
    let what = (text("task_id").expect("a task"), data["version"].as_i64().expect("a version"));
    // The creations may be told after the streams have begun, or before.
    if what.1 > 1 {
        *seen.entry(what).or_default() += 1;
    }
}
