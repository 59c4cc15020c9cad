//! How long the actors of a replica cannot be called when it crashes or freezes. The figures each case prints are
//! in docs/operations.md.

use std::time::{Duration, Instant};

use almanac_tests::{BUSY, Edits, Person, eventually};
use futures::future::{join_all, try_join_all};
use serde_json::{Value, json};
use tokio::time::sleep;
use xtask::{Part, Process, Stack};

use crate::tasks_on;

/// What is promised.
const AFTER_A_CRASH: Duration = Duration::from_secs(2);
const WHILE_FROZEN: Duration = Duration::from_secs(6);
/// Not promised: a frozen app is found, after a round that it held up was given up.
const AFTER_BOTH: Duration = Duration::from_secs(8);

const TASKS: usize = 12;
/// The replica things happen to.
pub(crate) const VICTIM: usize = 1;
const VICTIMS_NAME: &str = "todo-actors-2";
pub(crate) const APP: &str = "todo-actors";
pub(crate) const BOTH: [Process; 2] = [Process::App, Process::Sidecar];

pub(crate) async fn calls_go_on_after_a_crash(stack: &mut Stack) {
    let ada = Person::register(stack).await;
    let tasks = spread_tasks(stack, &ada).await;
    let crash = async {
        sleep(Duration::from_secs(1)).await;
        let fault = Instant::now();
        crate::kill(stack, VICTIM).await;
        sleep(WHILE_FROZEN).await;
        fault
    };
    let (edits, fault) = Edits::during(&ada, &tasks, crash).await;
    answered_within(&edits, fault, AFTER_A_CRASH, "crash");
    stack.until_ready().await.expect("it is ready again");
}

pub(crate) async fn calls_go_on_while_a_replica_is_frozen(stack: &mut Stack) {
    calls_go_on_while_frozen(stack, &BOTH, "frozen app and sidecar").await;
}

pub(crate) async fn calls_go_on_while_only_the_app_is_frozen(stack: &mut Stack) {
    calls_go_on_while_frozen(stack, &[Process::App], "frozen app").await;
}

pub(crate) async fn calls_go_on_while_only_the_sidecar_is_frozen(stack: &mut Stack) {
    calls_go_on_while_frozen(stack, &[Process::Sidecar], "frozen sidecar").await;
}

async fn calls_go_on_while_frozen(stack: &mut Stack, processes: &[Process], what: &str) {
    let ada = Person::register(stack).await;
    let tasks = spread_tasks(stack, &ada).await;
    let parts: Vec<&Part> =
        processes.iter().map(|process| stack.part(APP, VICTIM, *process).expect("it runs")).collect();
    let freeze = async {
        sleep(Duration::from_secs(1)).await;
        let fault = Instant::now();
        let frozen = try_join_all(parts.iter().map(|part| part.frozen())).await.expect("it stands still");
        sleep(2 * WHILE_FROZEN).await;
        (fault, frozen)
    };
    let (edits, (fault, frozen)) = Edits::during(&ada, &tasks, freeze).await;
    drop(frozen);
    answered_within(&edits, fault, WHILE_FROZEN, what);
    let counts: Vec<usize> = edits.counts().collect();
    join_all(tasks.iter().zip(counts).map(async |(task, count)| {
        let history = ada.history_holds(task, &[("task.created", 1), ("task.updated", count)]).await;
        assert_eq!(history.len(), 1 + count, "each edit is in the history once");
    }))
    .await;
    stack.until_ready().await.expect("it is ready again");
}

/// The frozen app holds up the round that spreads the actors of the crashed one.
pub(crate) async fn calls_go_on_while_one_app_is_frozen_and_another_replica_crashes(stack: &mut Stack) {
    let ada = Person::register(stack).await;
    let tasks = spread_tasks(stack, &ada).await;
    let app = stack.part(APP, VICTIM, Process::App).expect("it runs");
    let faults = async {
        sleep(Duration::from_secs(1)).await;
        let fault = Instant::now();
        let frozen = app.frozen().await.expect("it stands still");
        crate::kill(stack, 0).await;
        sleep(2 * WHILE_FROZEN).await;
        (fault, frozen)
    };
    let (edits, (fault, frozen)) = Edits::during(&ada, &tasks, faults).await;
    drop(frozen);
    answered_within(&edits, fault, AFTER_BOTH, "frozen app, another replica killed");
    stack.until_ready().await.expect("it is ready again");
    // The round was cut off at its sidecar, which must not keep calls waiting for good.
    spread_tasks(stack, &ada).await;
}

fn answered_within(edits: &Edits, fault: Instant, promised: Duration, what: &str) {
    let (took, longest) = (edits.all_answered_after(fault), edits.longest());
    println!("{what}: each task answered again after {took:.1?}, the longest call took {longest:.1?}");
    assert!(took < promised + BUSY, "{what}: {took:?}");
}

/// Tasks on all replicas: several on the one that things happen to.
pub(crate) async fn spread_tasks(stack: &Stack, person: &Person) -> Vec<Value> {
    let (before, mut tasks) = (tasks_on(stack, VICTIMS_NAME).await.unwrap_or(0), Vec::new());
    eventually("tasks on each replica", Duration::from_secs(30), async || {
        let new = (0..TASKS).map(|n| person.create(json!({ "title": format!("Task {n}") })));
        tasks.append(&mut join_all(new).await);
        tasks_on(stack, VICTIMS_NAME).await.filter(|count| *count >= before + 2)
    })
    .await;
    tasks
}
