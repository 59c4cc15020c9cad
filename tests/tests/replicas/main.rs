//! Several replicas: they may come, go or die without anybody noticing more than a wait.

mod backends;
mod live;
mod load;
mod scaling;
mod stalls;
mod thaw;
mod writers;

use std::{
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use almanac_tests::{Person, Suite, assert_in_time, eventually};
use futures::future::join_all;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use xtask::{Activations, Process, Replicas, Stack, StackOptions};

use writers::each_edit_is_answered_once_despite;

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
        .case_alone(live::changes_reach_clients_of_every_backend_and_a_kill_loses_and_doubles_none)
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

/// How many tasks are active there; none if it does not answer.
async fn tasks_on(stack: &Stack, replica: &str) -> Option<u64> {
    let all = Activations::of(stack.ports()).await;
    all.iter().find(|activations| activations.replica == replica)?.of_type("Task")
}

async fn kill(stack: &Stack, replica: usize) {
    let kill = |process| stack.kill("todo-actors", replica, process);
    tokio::try_join!(kill(Process::App), kill(Process::Sidecar)).expect("both ran");
}

async fn no_command_is_lost_when_a_replica_dies(stack: &mut Stack) {
    each_edit_is_answered_once_despite(stack, kill(stack, 1)).await;
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
        assert_in_time(inbox[0]["late_ms"].as_i64().expect("a number"), Duration::from_secs(3));
    }
    for person in &people {
        assert_eq!((person.mailed(1).await.len(), person.notifications().await.len()), (1, 1));
    }
    stack.until_ready().await.expect("it is ready again");
}
