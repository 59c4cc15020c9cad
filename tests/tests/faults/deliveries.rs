//! What is on its way when a part dies still arrives.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use almanac_tests::{Person, eventually, fires_at, sleep_until, unchanged_for};
use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};
use virtual_actors::{Clock, System};
use xtask::{Process, Stack};

/// What twenty commands take at most, with or without a broker.
const PROMPT: Duration = Duration::from_secs(10);

pub(crate) async fn a_notifier_killed_while_it_delivers_leaves_nobody_untold(stack: &mut Stack) {
    let ada = Person::register(stack).await;
    // Enough that some are being sent whenever it dies.
    const REMINDERS: usize = 60;
    let due = almanac_tests::due_in(68);
    let tasks = join_all((0..REMINDERS).map(|n| {
        ada.create(json!({ "title": format!("Task {n}"), "due": due, "reminders": [{ "before": "PT1M" }] }))
    }))
    .await;
    sleep_until(fires_at(&tasks[0]) + TimeDelta::milliseconds(150)).await;
    stack.kill("notification-service", 0, Process::App).await.expect("it ran");

    // A claim of the dead one runs out after half a minute.
    let limit = Duration::from_secs(90);
    let inbox = ada.notified_within(REMINDERS, limit).await;
    assert_eq!(inbox.len(), REMINDERS, "once each in the app");
    let mails = eventually("a mail for each", limit, async || {
        let mut mails: BTreeMap<String, (String, usize)> = BTreeMap::new();
        for mail in ada.mails().await {
            let entry = mails.entry(mail.message_id).or_insert((mail.subject, 0));
            entry.1 += 1;
        }
        (mails.len() >= REMINDERS).then_some(mails)
    })
    .await;
    // One at a time is sent, so one outcome at most is unknown when it dies.
    let copies: Vec<usize> = mails.values().map(|(_, copies)| *copies).collect();
    assert_eq!(mails.len(), REMINDERS, "a repeated mail has the same Message-ID");
    let doubled = copies.iter().filter(|copies| **copies > 1).count();
    assert!(copies.iter().all(|copies| *copies <= 2) && doubled <= 1, "{mails:?}");
    for task in &tasks {
        ada.history_holds(task, &[("reminder.fired", 1), ("notification.delivered", 2)]).await;
    }
    unchanged_for(Duration::from_secs(2), async || {
        (ada.notifications().await.len(), ada.mails().await.len())
    })
    .await;
    crate::ready_again(stack).await;
}

pub(crate) async fn a_broker_that_is_away_delays_events_and_loses_none(stack: &mut Stack) {
    let ada = Person::register(stack).await;
    let reminding = ada.create_reminding_in("Fires without a broker", 3).await;
    let task = ada.create(json!({ "title": "Version 1" })).await;

    let away = stack.broker().expect("it runs").held_down().await.expect("it ran");
    let started = Instant::now();
    for version in 2..=20 {
        let title = json!({ "title": format!("Version {version}") });
        let edited = ada.act(ada.of_task("PATCH", &task, "").json(title)).await;
        assert_eq!(edited["version"], version);
    }
    assert!(started.elapsed() < PROMPT, "commands waited for the broker: {:?}", started.elapsed());
    sleep_until(fires_at(&reminding) + TimeDelta::seconds(3)).await;
    assert!(ada.notifications().await.is_empty(), "nothing gets there without the broker");
    let back_after = (System.now() - fires_at(&reminding)).num_milliseconds();
    drop(away);

    let history = ada.history_holds(&task, &[("task.created", 1), ("task.updated", 19)]).await;
    let versions: Vec<&Value> = history.iter().map(|entry| &entry["version"]).collect();
    assert_eq!(versions, (1..=20).collect::<Vec<_>>(), "whole, and once each");
    assert_eq!(ada.notified(1).await.len(), 1);
    ada.mailed(1).await;
    let kinds = [("task.created", 1), ("reminder.fired", 1), ("notification.delivered", 2)];
    assert_eq!(ada.history_holds(&reminding, &kinds).await.len(), 4);
    let late = ada.notifications().await[0]["late_ms"].as_i64();
    assert!(late.is_some_and(|late| (0..back_after).contains(&late)), "it waited for the broker: {late:?}");
    crate::ready_again(stack).await;
}
