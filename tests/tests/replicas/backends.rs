//! Several backends behind one address.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use almanac_tests::{Person, eventually};
use futures::future::join_all;
use serde_json::json;
use virtual_actors::DaprSidecar;
use xtask::{Process, Stack};

const BACKEND: &str = "todo-backend";

pub(crate) async fn no_answer_is_lost_when_one_of_two_backends_dies(stack: &mut Stack) {
    const WRITERS: usize = 16;
    const EDITS: usize = 12;
    stack.scale(BACKEND, 2).await.expect("there is one more");
    let ada = Person::register(stack).await;
    let answered = AtomicUsize::new(0);
    let write = async |writer: usize| {
        let task = ada.create(json!({ "title": format!("Task {writer}") })).await;
        for n in 0..EDITS {
            let title = json!({ "title": format!("Edit {n}") });
            let request = ada.of_task("PATCH", &task, "").key(format!("edit-{n}")).json(title);
            let answer = request.until_answered().await;
            assert_eq!((answer.status, &answer.body["version"]), (200, &json!(n + 2)), "{answer:?}");
            answered.fetch_add(1, Ordering::Relaxed);
        }
        task
    };
    let crash = async {
        let some = async || (answered.load(Ordering::Relaxed) >= WRITERS * EDITS / 4).then_some(());
        eventually("some answers", Duration::from_secs(60), some).await;
        let kill = |process| stack.kill(BACKEND, 0, process);
        tokio::try_join!(kill(Process::App), kill(Process::Sidecar)).expect("both ran");
    };
    let (tasks, ()) = tokio::join!(join_all((0..WRITERS).map(write)), crash);
    for task in &tasks {
        let history = ada.history_holds(task, &[("task.created", 1), ("task.updated", EDITS)]).await;
        assert_eq!(history.len(), EDITS + 1, "each edit once");
    }
    stack.until_ready().await.expect("it is ready again");
    stack.scale(BACKEND, 1).await.expect("there is one less");
}

/// What the backend counts on when it has its sidecar started anew (`crates/platform/src/placing.rs`).
pub(crate) async fn a_sidecar_without_actors_is_placed_and_started_again_once_asked_to_end(
    stack: &mut Stack,
) {
    let grpc = stack.ports().of(BACKEND)[0].sidecar.grpc;
    let sidecar =
        DaprSidecar::new(&format!("http://127.0.0.1:{grpc}"), None, "pubsub").expect("it is an address");
    assert!(sidecar.is_placed().await.expect("it answers"));
    // For a type that has no host daprd looks for five seconds; that is no waiting for good.
    for actor_type in ["Task", "ReminderSchedule", "Recurrence", "Nobody's"] {
        assert!(!sidecar.keeps_waiting(actor_type, Duration::from_secs(10)).await, "{actor_type}");
    }

    let part = stack.part(BACKEND, 0, Process::Sidecar).expect("it runs");
    let restarts = part.restarts();
    sidecar.shut_down().await.expect("it may be asked");
    eventually("another sidecar", Duration::from_secs(30), async || {
        (part.restarts() > restarts && sidecar.is_placed().await.ok()?).then_some(())
    })
    .await;
    stack.until_ready().await.expect("it is ready again");
    Person::register(stack).await.create(json!({ "title": "Through the new one" })).await;
}
