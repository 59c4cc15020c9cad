//! Placement: one leads, the others wait to.

use std::time::{Duration, Instant};

use almanac_tests::{BUSY, Edits, Person, Request, assert_in_time, eventually, sleep_until};
use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::time::sleep;
use xtask::Stack;

use crate::{MEMBERS, told::Reminded};

const TASKS: usize = 6;
/// The others elect a leader after two to four seconds without one; then the sidecars report to it.
const ELECTION: Duration = Duration::from_secs(6);

pub(crate) async fn calls_and_reminders_go_on_whichever_placement_dies(stack: &mut Stack) {
    go_on_without(stack, leader(stack).await, "the placement that leads").await;
    let follower = (leader(stack).await + 1) % MEMBERS;
    go_on_without(stack, follower, "a placement that follows").await;
}

async fn go_on_without(stack: &Stack, member: usize, what: &str) {
    let ada = Person::register(stack).await;
    let title = |n| json!({ "title": format!("Task {n}") });
    let tasks: Vec<Value> = join_all((0..TASKS).map(|n| ada.create(title(n)))).await;
    // Due while there may be no leader, and just after.
    let reminded = Reminded::in_seconds(stack, 15).await;
    let death = async {
        sleep_until(reminded.fire().0 - TimeDelta::seconds(1)).await;
        let fault = Instant::now();
        stack.control_plane().expect("it runs").placements()[member].kill().await.expect("it ran");
        sleep(ELECTION + BUSY).await;
        fault
    };
    let (edits, fault) = Edits::during(&ada, &tasks, death).await;
    let (took, longest) = (edits.all_answered_after(fault), edits.longest());
    let late = reminded.latest(stack, ELECTION + BUSY).await;
    println!(
        "{what} killed: each task answered again after {took:.1?}, the longest call took {longest:.1?}, the \
         latest reminder was {late} ms late"
    );
    assert!(took < ELECTION + BUSY, "{took:?}");
    assert_in_time(late, ELECTION);
    reminded.once().await;
    stack.until_ready().await.expect("it is ready again");
}

/// The one that says that it leads.
async fn leader(stack: &Stack) -> usize {
    eventually("a placement that leads", ELECTION + BUSY, async || {
        let leads = stack.ports().control_plane.placements.iter().map(async |ports| {
            let url = format!("http://127.0.0.1:{}/metrics", ports.metrics);
            let metrics = Request::new("GET", url).text().await;
            metrics.lines().any(|line| line == "dapr_placement_leader_status 1")
        });
        join_all(leads).await.into_iter().position(|leads| leads)
    })
    .await
}
