//! Several replicas: they may come, go or die without anybody noticing more than a wait.

mod backends;
mod load;
mod scaling;
mod stalls;
mod thaw;

use std::{
    process::ExitCode,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use almanac_tests::{Person, Suite, eventually};
use futures::future::join_all;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use xtask::{Process, Replicas, Stack, StackOptions};

const REPLICAS: u16 = 3;

fn main() -> ExitCode {
    let start = async || {
        let replicas = Replicas::default().with("todo-actors", REPLICAS)?;
        Stack::start(StackOptions::for_test_with("replicas", &replicas)?).await
    };
    Suite::new(start)
        .case_alone(no_command_is_lost_when_a_replica_dies)
        .case_alone(a_replica_that_stops_in_good_order_turns_nobody_away)
        .case_alone(reminders_of_a_dead_replica_arrive_once)
        .case_alone(scaling::replicas_come_and_go_without_an_error)
        .case_alone(scaling::an_app_is_replaced_without_an_error)
        .case_alone(scaling::a_version_that_does_not_start_is_taken_back)
        .case_alone(backends::no_answer_is_lost_when_one_of_two_backends_dies)
        .case_alone(backends::a_sidecar_without_actors_is_placed_and_started_again_once_asked_to_end)
        .case_alone(stalls::calls_go_on_after_a_crash)
        .case_alone(stalls::calls_go_on_while_a_replica_is_frozen)
        .case_alone(stalls::calls_go_on_while_only_the_app_is_frozen)
        .case_alone(stalls::calls_go_on_while_only_the_sidecar_is_frozen)
        .case_alone(stalls::calls_go_on_while_one_app_is_frozen_and_another_replica_crashes)
        .case_alone(thaw::a_replica_that_thaws_says_nothing_stale_and_doubles_nothing)
        .at_once(1)
        .run(Stack::stop)
}

async fn kill(stack: &Stack, replica: usize) {
    let kill = |process| stack.kill("todo-actors", replica, process);
    tokio::try_join!(kill(Process::App), kill(Process::Sidecar)).expect("both ran");
}

async fn no_command_is_lost_when_a_replica_dies(stack: &mut Stack) {
    const TASKS: usize = 16;
    const EDITS: usize = 12;
    let ada = Person::register(stack).await;
    let tasks = join_all((0..TASKS).map(|n| ada.create(json!({ "title": format!("Task {n}") })))).await;
    let answered = AtomicUsize::new(0);
    let edit = async |task: &Value| {
        let mut edits = Vec::new();
        for n in 0..EDITS {
            let title = json!({ "title": format!("Edit {n}") });
            let request = ada.of_task("PATCH", task, "").key(format!("edit-{n}")).json(title);
            let answer = request.until_answered().await;
            assert_eq!((answer.status, &answer.body["version"]), (200, &json!(n + 2)), "{answer:?}");
            answered.fetch_add(1, Ordering::Relaxed);
            edits.push((request, answer));
        }
        edits
    };
    let crash = async {
        let some = async || (answered.load(Ordering::Relaxed) >= TASKS * EDITS / 4).then_some(());
        eventually("some answers", Duration::from_secs(60), some).await;
        kill(stack, 1).await;
    };
    let (edits, ()) = tokio::join!(join_all(tasks.iter().map(edit)), crash);
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

async fn a_replica_that_stops_in_good_order_turns_nobody_away(stack: &mut Stack) {
    const TASKS: usize = 12;
    let ada = Person::register(stack).await;
    let tasks = join_all((0..TASKS).map(|n| ada.create(json!({ "title": format!("Task {n}") })))).await;
    let (app, going) = (stack.part("todo-actors", 2, Process::App).expect("it runs"), AtomicBool::new(true));
    let edit = async |task: &Value| {
        let mut version = 1;
        while going.load(Ordering::Relaxed) {
            let title = json!({ "title": format!("After version {version}") });
            // Sent once: what the restart holds up, the backend tries again by itself.
            let edited = ada.of_task("PATCH", task, "").json(title).send().await;
            version += 1;
            assert_eq!((edited.status, &edited.body["version"]), (200, &json!(version)), "{edited:?}");
        }
    };
    let restart = async {
        let restarts = app.restarts();
        app.process().expect("it runs").signal(Signal::SIGTERM);
        eventually("the restart", Duration::from_secs(60), async || {
            (app.restarts() > restarts).then_some(())
        })
        .await;
        stack.until_ready().await.expect("it is ready again");
        going.store(false, Ordering::Relaxed);
    };
    tokio::join!(join_all(tasks.iter().map(edit)), restart);
}

async fn reminders_of_a_dead_replica_arrive_once(stack: &mut Stack) {
    // Clocks of people: enough that each replica has some.
    const PEOPLE: usize = 8;
    let people = join_all((0..PEOPLE).map(|_| Person::register(stack))).await;
    let tasks = join_all(people.iter().map(|person| person.create_reminding_in("Spread", 8))).await;
    kill(stack, 0).await;
    for (person, task) in people.iter().zip(&tasks) {
        let inbox = person.notified_within(1, Duration::from_secs(60)).await;
        assert_eq!(inbox[0]["due_at"], task["reminders"][0]["fires_at"]);
        let late = inbox[0]["late_ms"].as_i64();
        assert!(late.is_some_and(|late| (0..3000).contains(&late)), "{late:?} ms late");
    }
    for person in &people {
        assert_eq!((person.mailed(1).await.len(), person.notifications().await.len()), (1, 1));
    }
    stack.until_ready().await.expect("it is ready again");
}
