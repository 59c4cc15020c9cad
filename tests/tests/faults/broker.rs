//! The broker is away, or somebody who reads from it.

use std::time::{Duration, Instant};

use almanac_tests::{Person, all_published, eventually};
use futures::future::join_all;
use serde_json::{Value, json};
use xtask::{PartPhase, Process, Stack};

/// Until the actors of a sidecar that died are found at the next one.
const MOVED: Duration = Duration::from_secs(15);
const SOON: Duration = Duration::from_secs(30);

pub(crate) async fn sidecars_that_start_without_the_broker_serve_and_catch_up(stack: &mut Stack) {
    let ada = Person::register(stack).await;
    let before = ada.create(json!({ "title": "Created before" })).await;
    let broker = stack.broker().expect("it runs");
    let away = broker.held_down().await.expect("it ran");

    // Who publishes, and who subscribes.
    let apps = ["todo-actors", "notification-service", "audit-service"];
    let sidecars = apps.map(|app| stack.part(app, 0, Process::Sidecar).expect("it is there"));
    for sidecar in sidecars {
        sidecar.kill().await.expect("it ran");
    }
    let started = Instant::now();
    let create = ada.request("POST", "/tasks").key("during").json(json!({ "title": "Created meanwhile" }));
    let created = create.until_answered().await;
    assert_eq!(created.status, 201, "{created:?}");
    for task in [&before, &created.body] {
        let done = ada.of_task("POST", task, "/complete").key("done").until_answered().await;
        assert_eq!((done.status, &done.body["status"]), (200, &json!("done")), "{done:?}");
    }
    assert!(started.elapsed() < MOVED, "commands waited for the broker: {:?}", started.elapsed());
    for sidecar in sidecars {
        let degraded = async || (sidecar.phase() == PartPhase::Degraded).then_some(());
        eventually("the sidecar to tell what it lacks", SOON, degraded).await;
    }

    let restarts = sidecars.map(|sidecar| sidecar.restarts());
    drop(away);
    for sidecar in sidecars {
        sidecar.ready(SOON).await.expect("it gets its component");
    }
    assert_eq!(sidecars.map(|sidecar| sidecar.restarts()), restarts, "without another start");
    for task in [&before, &created.body] {
        let history = ada.history_holds(task, &[("task.created", 1), ("task.completed", 1)]).await;
        let versions: Vec<&Value> = history.iter().map(|entry| &entry["version"]).collect();
        assert_eq!(versions, [1, 2], "whole, and once each");
    }
    // Events still find their way to those who subscribe.
    let reminding = ada.create_reminding_in("Fires afterwards", 2).await;
    let kinds = [("task.created", 1), ("reminder.fired", 1), ("notification.delivered", 2)];
    assert_eq!(ada.history_holds(&reminding, &kinds).await.len(), 4);
    crate::ready_again(stack).await;
}

pub(crate) async fn events_accepted_before_the_broker_was_killed_arrive(stack: &mut Stack) {
    const TASKS: usize = 30;
    let ada = Person::register(stack).await;
    // A subscriber that is away, and relays nothing: what is accepted waits at the broker.
    let sidecar = stack.part("audit-service", 0, Process::Sidecar).expect("it is there");
    let away = sidecar.held_down().await.expect("it ran");
    let tasks = join_all((0..TASKS).map(|n| ada.create(json!({ "title": format!("Task {n}") })))).await;
    all_published(stack).await;
    stack.kill_broker().await.expect("it ran");
    drop(away);
    stack.until_ready().await.expect("it is ready again");
    for task in &tasks {
        let history = ada.history_holds(task, &[("task.created", 1)]).await;
        assert_eq!(history.len(), 1, "once: {history:?}");
    }
    crate::ready_again(stack).await;
}

pub(crate) async fn what_a_subscribers_dead_sidecar_had_in_hand_arrives(stack: &mut Stack) {
    const TASKS: usize = 60;
    let ada = Person::register(stack).await;
    let create = async |n: usize| ada.create(json!({ "title": format!("Task {n}") })).await;
    let (before, killed) = tokio::join!(join_all((0..TASKS).map(create)), async {
        stack.kill("audit-service", 0, Process::Sidecar).await
    });
    killed.expect("it ran");
    let started = Instant::now();
    for task in before.iter().chain([&create(TASKS).await]) {
        let history = ada.history_holds(task, &[("task.created", 1)]).await;
        assert_eq!(history.len(), 1, "once: {history:?}");
    }
    println!("all recorded {:.1} s after the death of the sidecar", started.elapsed().as_secs_f32());
    crate::ready_again(stack).await;
}
