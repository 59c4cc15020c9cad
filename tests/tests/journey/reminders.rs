//! Reminders: once, in time, everywhere.

use std::{collections::BTreeSet, time::Duration};

use almanac_tests::{Person, Request, assert_in_time, due_in, eventually, fires_at, unchanged_for};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use virtual_actors::{Clock, System};
use xtask::Stack;

const ARRIVES: TimeDelta = TimeDelta::seconds(5);

fn instant(value: &Value) -> DateTime<Utc> {
    value.as_str().expect("a time").parse().expect("RFC 3339")
}

pub(crate) async fn a_reminder_arrives_once_in_time_and_is_in_the_history(stack: &Stack) {
    let ada = Person::register(stack).await;
    let task = ada.create(json!({
        "title": "Water the plants", "due": due_in(15), "reminders": [{ "before": "PT5S" }],
    }));
    let task = task.await;
    assert_eq!(task["status"], "open");
    assert!(ada.notifications().await.is_empty(), "not before its time");

    let inbox = ada.notified(1).await;
    let shown_at = System.now();
    let [shown] = &inbox[..] else { panic!("once: {inbox:?}") };
    assert_eq!(
        (&shown["kind"], &shown["task_id"], &shown["title"], &shown["reminder_id"]),
        (&json!("reminder"), &task["id"], &task["title"], &task["reminders"][0]["id"])
    );
    assert_eq!(instant(&shown["due_at"]), fires_at(&task));
    let late = shown["late_ms"].as_i64().expect("a number");
    assert_in_time(late, Duration::from_secs(1));
    let between = instant(&shown["fired_at"]) - instant(&shown["due_at"]);
    assert!((between.num_milliseconds() - late).abs() <= 1, "{shown}");

    let mails = ada.mailed(1).await;
    assert!(mails[0].message_id.contains('@'), "{mails:?}");
    assert_eq!(mails[0].subject, "Reminder: Water the plants");
    // It fires in time whatever the load; how long it takes from there depends on the machine.
    for arrived in [shown_at, mails[0].at] {
        assert!(arrived - fires_at(&task) < ARRIVES, "{}", arrived - fires_at(&task));
    }

    let kinds = [("task.created", 1), ("reminder.fired", 1), ("notification.delivered", 2)];
    let history = ada.history_holds(&task, &kinds).await;
    assert_eq!(history.len(), 4, "{history:?}");
    assert_eq!((&history[0]["type"], &history[0]["version"]), (&json!("task.created"), &json!(1)));
    assert_eq!(history[1]["type"], "reminder.fired");
    assert_eq!(history[1]["late_ms"], late);
    let channels: BTreeSet<_> = history[2..].iter().map(|entry| entry["channel"].as_str()).collect();
    assert_eq!(channels, BTreeSet::from([Some("in_app"), Some("email")]));

    unchanged_for(Duration::from_secs(3), async || {
        (ada.notifications().await.len(), ada.mails().await.len(), ada.history(&task).await.len())
    })
    .await;
}

pub(crate) async fn an_absolute_reminder_in_the_past_fires_at_once_and_says_how_late(stack: &Stack) {
    let ada = Person::register(stack).await;
    let at = instant(&json!("2020-02-29T08:00:00Z"));
    let task = ada.create(json!({ "title": "Leap", "reminders": [{ "at": at }] })).await;
    assert_eq!(fires_at(&task), at);
    let inbox = ada.notified(1).await;
    assert_eq!(instant(&inbox[0]["due_at"]), at);
    let between = instant(&inbox[0]["fired_at"]) - at;
    assert!((between.num_milliseconds() - inbox[0]["late_ms"].as_i64().expect("a number")).abs() <= 1);
    let wait = instant(&inbox[0]["fired_at"]) - instant(&task["created_at"]);
    assert!(wait.num_seconds() < 5, "at once, not after {wait}");
    ada.mailed(1).await;
    unchanged_for(Duration::from_secs(2), async || {
        (ada.notifications().await.len(), ada.mails().await.len())
    })
    .await;
}

pub(crate) async fn many_reminders_of_one_instant_arrive_once_each(stack: &Stack) {
    let ada = Person::register(stack).await;
    let due = due_in(6);
    let tasks = futures::future::join_all((0..40).map(|n| {
        let task = json!({ "title": format!("Task {n}"), "due": due, "reminders": [{ "before": "PT1S" }] });
        ada.create(task)
    }));
    let tasks = tasks.await;
    let inbox = ada.notified(40).await;
    let told: BTreeSet<&str> = inbox.iter().filter_map(|shown| shown["task_id"].as_str()).collect();
    let wanted: BTreeSet<&str> = tasks.iter().filter_map(|task| task["id"].as_str()).collect();
    assert_eq!((inbox.len(), told), (40, wanted));
    let latest = inbox.iter().filter_map(|shown| shown["late_ms"].as_i64()).max();
    assert_in_time(latest.expect("numbers"), Duration::from_secs(2));
    let mails = ada.mailed(40).await;
    let ids: BTreeSet<&str> = mails.iter().map(|mail| mail.message_id.as_str()).collect();
    assert_eq!((mails.len(), ids.len()), (40, 40));
}

pub(crate) async fn a_clock_with_nothing_due_is_still(stack: &Stack) {
    let ada = Person::register(stack).await;
    ada.create(json!({ "title": "Now", "reminders": [{ "at": "2020-02-29T08:00:00Z" }] })).await;
    ada.notified(1).await;
    let port = stack.ports().apps["todo-actors"][0].app;
    let turns = async || -> f64 {
        let metrics = Request::new("GET", format!("http://127.0.0.1:{port}/metrics")).text().await;
        let name = r#"actor_turn_seconds_count{actor_type="ReminderSchedule"}"#;
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)).expect("it is counted");
        line.trim().parse().expect("a number")
    };
    // Other cases run beside this one: a clock that never rests takes hundreds of turns a second.
    let (before, from) = (turns().await, tokio::time::Instant::now());
    eventually("two seconds to pass", Duration::from_secs(10), async || {
        (from.elapsed() > Duration::from_secs(2)).then_some(())
    })
    .await;
    let taken = turns().await - before;
    assert!(taken < 300.0, "{taken} turns in two seconds");
}
