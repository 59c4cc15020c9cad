//! The promise of a reminder, whatever dies before its time.

use std::time::Duration;

use almanac_tests::{Person, Request, assert_in_time, eventually, fires_at, sleep_until, unchanged_for};
use chrono::TimeDelta;
use serde_json::Value;
use virtual_actors::{Clock, System};
use xtask::{Process, Stack};

/// In the app once and by mail once, for good; how late it was, in milliseconds.
async fn told_once(person: &Person, task: &Value) -> i64 {
    let inbox = person.notified_within(1, Duration::from_secs(60)).await;
    assert_eq!((inbox.len(), &inbox[0]["task_id"]), (1, &task["id"]));
    assert_eq!(inbox[0]["due_at"], task["reminders"][0]["fires_at"]);
    person.mailed(1).await;
    let kinds = [("task.created", 1), ("reminder.fired", 1), ("notification.delivered", 2)];
    assert_eq!(person.history_holds(task, &kinds).await.len(), 4);
    unchanged_for(Duration::from_secs(2), async || {
        (person.notifications().await.len(), person.mails().await.len())
    })
    .await;
    assert_eq!(person.mails().await.len(), 1);
    inbox[0]["late_ms"].as_i64().expect("a number")
}

pub(crate) async fn a_reminder_survives_the_death_of_its_host(stack: &mut Stack) {
    let ada = Person::register(stack).await;
    let task = ada.create_reminding_in("Survives its host", 9).await;
    ada.history_holds(&task, &[("task.created", 1)]).await;
    sleep_until(fires_at(&task) - TimeDelta::seconds(8)).await;
    let kill = |process| stack.kill("todo-actors", 0, process);
    tokio::try_join!(kill(Process::App), kill(Process::Sidecar)).expect("both ran");
    let late = told_once(&ada, &task).await;
    assert_in_time(late, Duration::from_secs(3));
    crate::ready_again(stack).await;
}

pub(crate) async fn a_reminder_is_in_time_without_the_scheduler(stack: &mut Stack) {
    let ada = Person::register(stack).await;
    let task = ada.create_reminding_in("Has two clocks", 6).await;
    ada.history_holds(&task, &[("task.created", 1)]).await;
    sleep_until(fires_at(&task) - TimeDelta::seconds(5)).await;
    stack.kill_scheduler().await.expect("it ran");
    let late = told_once(&ada, &task).await;
    assert_in_time(late, Duration::from_secs(1));
    crate::ready_again(stack).await;
}

pub(crate) async fn a_reminder_whose_time_passes_while_all_is_down_fires_once_afterwards(stack: &mut Stack) {
    let ada = Person::register(stack).await;
    let task = ada.create_reminding_in("Fires late", 12).await;
    let sidecar = stack.ports().apps["todo-actors"][0].sidecar.http;
    let clock = format!("http://127.0.0.1:{sidecar}/v1.0/actors/ReminderSchedule/{}/reminders/clock", ada.id);
    eventually("Dapr to keep the reminder", Duration::from_secs(10), async || {
        Request::new("GET", clock.clone()).send().await.body["dueTime"].is_string().then_some(())
    })
    .await;
    assert!(System.now() < fires_at(&task), "it is not down in time");
    stack.stop_all().await;
    sleep_until(fires_at(&task) + TimeDelta::seconds(1)).await;
    let up = System.now();
    stack.start_all().await.expect("it starts again");
    let ready = System.now();
    let late = told_once(&ada, &task).await;
    crate::ready_again(stack).await;
    // By Dapr's reminder, not only by the sweep, which comes once a minute.
    let [least, most] =
        [up, ready + TimeDelta::seconds(30)].map(|at| (at - fires_at(&task)).num_milliseconds());
    assert!((least..most).contains(&late), "{late} ms late, {least} to {most} were expected");
}
