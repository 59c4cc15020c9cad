//! The schedulers: each fires a share of Dapr's reminders.

use std::time::Duration;

use almanac_tests::{assert_in_time, sleep_until};
use chrono::TimeDelta;
use futures::future::try_join_all;
use virtual_actors::{Clock, System};
use xtask::{Activations, Part, Process, Stack};

use crate::{HOST, HOSTS, told::Reminded};

const READY: Duration = Duration::from_secs(60);
/// Of a reminder.
const ON_TIME: Duration = Duration::from_secs(2);
/// From one sweep to the next.
const SWEEP: Duration = Duration::from_secs(60);
/// Until somebody sees that it is overdue.
const OVERDUE: Duration = Duration::from_secs(15);
/// The others wait so long for a dead scheduler before they fire its share, and some more to spread it.
const LEASE: Duration = Duration::from_secs(20 + 10);

pub(crate) async fn reminders_are_on_time_whichever_scheduler_dies(stack: &mut Stack) {
    // They are alike, but for one that leads their store: one of two is not that.
    for member in 0..2 {
        // Long enough ahead to be seen at Dapr before they fire, on a busy machine too.
        let reminded = Reminded::in_seconds(stack, 20).await;
        sleep_until(reminded.fire().0 - TimeDelta::seconds(3)).await;
        kill(stack, member).await;
        let late = reminded.latest(stack, Duration::from_secs(60)).await;
        println!("scheduler {member} killed: the latest reminder was {late} ms late");
        assert_in_time(late, ON_TIME);
        reminded.once().await;
        stack.until_ready().await.expect("it is ready again");
    }
}

/// By Dapr's reminders alone: the hosts' timers died with them, and nobody sweeps.
pub(crate) async fn without_timers_and_sweep_reminders_survive_a_scheduler(stack: &mut Stack) {
    let reminded = Reminded::in_seconds(stack, 30).await;
    let backend = stack.part(xtask::BACKEND, 0, Process::App).expect("it runs");
    let away = backend.held_down().await.expect("it ran");
    crash_hosts(stack).await;
    assert_eq!(clocks(stack).await, 0, "a clock has a timer");
    assert!(System.now() < reminded.fire().0, "the hosts were not back in time");
    sleep_until(reminded.fire().0 - TimeDelta::seconds(3)).await;
    kill(stack, 1).await;
    let late = reminded.latest(stack, Duration::from_secs(60)).await;
    println!("scheduler 1 killed, no timers, no sweep: the latest reminder was {late} ms late");
    assert_in_time(late, LEASE);
    drop(away);
    stack.until_ready().await.expect("it is ready again");
    reminded.once().await;
}

pub(crate) async fn reminders_are_set_again_when_the_schedulers_lost_everything(stack: &mut Stack) {
    // The one may come before the sweep sets it again, the other comes after.
    let (soon, later) = tokio::join!(Reminded::in_seconds(stack, 50), Reminded::in_seconds(stack, 110));
    let schedulers = stack.control_plane().expect("it runs").schedulers();
    let down = try_join_all(schedulers.iter().map(Part::held_down)).await.expect("they ran");
    stack.directory().forget_schedules().expect("nobody writes there");
    // The hosts' timers go, too.
    crash_hosts(stack).await;
    drop(down);
    stack.until_ready().await.expect("it is ready again");
    let lost = System.now();
    assert!(lost < soon.fire().0, "they did not lose it in time");
    assert!(lost + SWEEP < later.fire().0, "no sweep may come between");
    // The first sweep may find it too far ahead.
    later.until_kept(stack, 2 * SWEEP).await;
    assert!(System.now() < later.fire().0, "it was set again too late");
    println!("set again after {} s", (System.now() - lost).num_seconds());
    let (late, latest) = tokio::join!(
        soon.latest(stack, Duration::from_secs(70)),
        later.latest(stack, Duration::from_secs(120))
    );
    println!("everything lost: due before the sweep {late} ms late, after it {latest} ms");
    assert_in_time(late, OVERDUE);
    assert_in_time(latest, ON_TIME);
    tokio::join!(soon.once(), later.once());
}

async fn kill(stack: &Stack, member: usize) {
    stack.control_plane().expect("it runs").schedulers()[member].kill().await.expect("it ran");
}

/// Kills every actor host and its sidecar, and waits until they are back.
async fn crash_hosts(stack: &Stack) {
    let hosts = (0..usize::from(HOSTS)).flat_map(|replica| {
        [Process::App, Process::Sidecar].map(|process| stack.part(HOST, replica, process).expect("it runs"))
    });
    let hosts: Vec<&Part> = hosts.collect();
    try_join_all(hosts.iter().map(|part| part.kill())).await.expect("they ran");
    try_join_all(hosts.iter().map(|part| part.ready(READY))).await.expect("they are back");
}

/// How many clocks are active.
async fn clocks(stack: &Stack) -> u64 {
    let all = Activations::of(stack.ports()).await;
    all.iter().map(|replica| replica.of_type("ReminderSchedule").expect("it answers")).sum()
}
