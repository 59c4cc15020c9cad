//! What a replica does that was frozen, has lost its actors meanwhile, and goes on as if nothing had happened.

use std::time::Duration;

use almanac_tests::{Person, Request, all_published, assert_in_time};
use futures::future::{join_all, try_join_all};
use serde_json::{Value, json};
use xtask::{Part, Stack};

use crate::stalls::{APP, BOTH, VICTIM, spread_tasks};

const PEOPLE: usize = 8;
/// A frozen replica's actors are away for up to six seconds, its reminders for as long as a stream of the scheduler to
/// it, and its share of the events until its lease ends: all three.
const LATEST: Duration = Duration::from_secs(22);

pub(crate) async fn a_replica_that_thaws_says_nothing_stale_and_doubles_nothing(stack: &mut Stack) {
    let ada = Person::register(stack).await;
    let tasks = spread_tasks(stack, &ada).await;
    let people = join_all((0..PEOPLE).map(|_| Person::register(stack))).await;
    let reminding = join_all(people.iter().map(|person| person.create_reminding_in("Ring", 6))).await;

    // It remembers version 1 of its tasks; the next owners make that version 2.
    let parts: Vec<&Part> = BOTH.iter().map(|of| stack.part(APP, VICTIM, *of).expect("it runs")).collect();
    let frozen = try_join_all(parts.iter().map(|part| part.frozen())).await.expect("it stands still");
    let edits = tasks.iter().map(async |task| {
        let edit = ada.of_task("PATCH", task, "").key("edit").json(json!({ "title": "Edited" }));
        assert_eq!(edit.until_answered().await.body["version"], 2);
    });
    join_all(edits).await;
    for (person, task) in people.iter().zip(&reminding) {
        let inbox = person.notified_within(1, Duration::from_secs(60)).await;
        assert_eq!(inbox[0]["due_at"], task["reminders"][0]["fires_at"]);
        assert_in_time(inbox[0]["late_ms"].as_i64().expect("a number"), LATEST);
    }
    // Living relays have taken over the frozen one's share.
    all_published(stack).await;

    // Before its sidecar tells it that they moved.
    drop(frozen);
    join_all(tasks.iter().map(async |task| {
        assert_eq!(said(stack, &ada, task, "get").await["version"], 2, "a stale answer");
        assert_eq!(said(stack, &ada, task, "complete").await["version"], 3, "decided on something stale");
    }))
    .await;
    stack.until_ready().await.expect("it is ready again");

    let kinds = [("task.created", 1), ("task.updated", 1), ("task.completed", 1)];
    join_all(tasks.iter().map(async |task| {
        assert_eq!(ada.history_holds(task, &kinds).await.len(), 3);
    }))
    .await;
    for person in &people {
        assert_eq!((person.mailed(1).await.len(), person.notifications().await.len()), (1, 1));
    }
}

/// What the replica says when it is called past all sidecars, as one would that still takes it for the owner.
async fn said(stack: &Stack, person: &Person, task: &Value, method: &str) -> Value {
    let port = stack.ports().apps[APP][VICTIM].app;
    let url = format!(
        "http://127.0.0.1:{port}/actors/Task/{}/method/{method}",
        task["id"].as_str().expect("a task")
    );
    let answer = Request::new("PUT", url).json(json!({ "message": { "user": person.id } })).send().await;
    assert_eq!(answer.body["outcome"], "done", "{answer:?}");
    answer.body["reply"].clone()
}
