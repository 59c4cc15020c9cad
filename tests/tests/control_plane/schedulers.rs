//! The schedulers: each fires a share of Dapr's reminders.

use std::time::Duration;

use almanac_tests::{Request, sleep_until};
use chrono::TimeDelta;
use futures::future::{join_all, try_join_all};
use virtual_actors::{Clock, System};
use xtask::{Part, Process, Stack};

use crate::{HOST, HOSTS, MEMBERS, told::Reminded};

const READY: Duration = Duration::from_secs(60);
/// Of a reminder on a busy machine.
const ON_TIME_MS: i64 = 2000;
/// The others wait so long for a dead scheduler before they fire its share, and some more to spread it.
const LEASE_MS: i64 = 20_000 + 10_000;

pub(crate) async fn reminders_are_on_time_whichever_scheduler_dies(stack: &mut Stack) {
    for member in 0..MEMBERS {
        let reminded = Reminded::in_seconds(stack, 8).await;
        sleep_until(reminded.fire().0 - TimeDelta::seconds(3)).await;
        kill(stack, member).await;
        let late = reminded.latest(stack, Duration::from_secs(60)).await;
        println!("scheduler {member} killed: the latest reminder was {late} ms late");
        assert!(late < ON_TIME_MS, "{late} ms late");
        reminded.once().await;
        stack.until_ready().await.expect("it is ready again");
    }
}

/// By Dapr's reminders alone: the hosts' timers died with them, and nobody sweeps.
pub(crate) async fn without_timers_and_sweep_reminders_survive_a_scheduler(stack: &mut Stack) {
    let reminded = Reminded::in_seconds(stack, 15).await;
    let backend = stack.part(xtask::BACKEND, 0, Process::App).expect("it runs");
    backend.hold_down().await.expect("it ran");
    crash_hosts(stack).await;
    assert_eq!(activations(stack).await, 0, "a clock has a timer");
    assert!(System.now() < reminded.fire().0, "the hosts were not back in time");
    sleep_until(reminded.fire().0 - TimeDelta::seconds(3)).await;
    kill(stack, 1).await;
    let late = reminded.latest(stack, Duration::from_secs(60)).await;
    println!("scheduler 1 killed, no timers, no sweep: the latest reminder was {late} ms late");
    assert!(late < LEASE_MS, "{late} ms late");
    backend.resume();
    stack.until_ready().await.expect("it is ready again");
    reminded.once().await;
}

pub(crate) async fn reminders_are_set_again_when_the_schedulers_lost_everything(stack: &mut Stack) {
    // The one comes before the sweep can set it again, the other after.
    let (soon, later) = tokio::join!(Reminded::in_seconds(stack, 40), Reminded::in_seconds(stack, 110));
    let schedulers = stack.control_plane().expect("it runs").schedulers();
    try_join_all(schedulers.iter().map(Part::hold_down)).await.expect("they ran");
    stack.directory().forget_schedules().expect("nobody writes there");
    // The hosts' timers go, too.
    crash_hosts(stack).await;
    schedulers.iter().for_each(Part::resume);
    stack.until_ready().await.expect("it is ready again");
    let lost = System.now();
    assert!(lost < soon.fire().0, "they did not lose it in time");
    later.until_kept(stack, Duration::from_secs(70)).await;
    println!("set again after {} s", (System.now() - lost).num_seconds());
    let (late, latest) = tokio::join!(
        soon.latest(stack, Duration::from_secs(70)),
        later.latest(stack, Duration::from_secs(120))
    );
    println!("everything lost: due before the sweep {late} ms late, after it {latest} ms");
    assert!(late < 60_000 + ON_TIME_MS, "{late} ms late");
    assert!(latest < ON_TIME_MS, "{latest} ms late");
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
async fn activations(stack: &Stack) -> i64 {
    let pairs = &stack.ports().apps[HOST];
    let counts = pairs.iter().map(async |pair| {
        let metrics = Request::new("GET", format!("http://127.0.0.1:{}/metrics", pair.app)).text().await;
        let of_clocks = "actor_activations{actor_type=\"ReminderSchedule\"} ";
        let count = metrics.lines().find_map(|line| line.strip_prefix(of_clocks));
        count.map_or(0, |count| count.parse().expect("a number"))
    });
    join_all(counts).await.into_iter().sum()
}
