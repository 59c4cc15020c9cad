//! Several backends behind one address.

use std::time::Duration;

use almanac_tests::{Person, eventually};
use serde_json::json;
use virtual_actors::DaprSidecar;
use xtask::{Process, Stack};

use crate::writers::each_edit_is_answered_once_despite;

const BACKEND: &str = "todo-backend";

pub(crate) async fn no_answer_is_lost_when_one_of_two_backends_dies(stack: &mut Stack) {
    stack.scale(BACKEND, 2).await.expect("there is one more");
    let kill = |process| stack.kill(BACKEND, 0, process);
    let death = async {
        tokio::try_join!(kill(Process::App), kill(Process::Sidecar)).expect("both ran");
    };
    each_edit_is_answered_once_despite(stack, death).await;
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
