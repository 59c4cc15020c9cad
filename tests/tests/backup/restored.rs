//! The whole way: a backup, a future that is lost, the restore, and what is true afterwards.

use std::{collections::BTreeSet, time::Duration};

use almanac_tests::{
    Mail, Person, Request, all_published, due_in, eventually, fires_at, sleep_until, unchanged_for,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use virtual_actors::{Clock, System};
use xtask::{Journal, Profile, Stack, back_up, restore};

use crate::{
    SOON, SUBSCRIBERS, cluster,
    past::{Past, next_of, retitle},
};

pub(crate) async fn a_system_set_back_goes_on_from_its_copy(stack: &mut Stack) {
    let past = Past::lived(stack).await;
    let file = stack.directory().path().join("copy");
    back_up(&cluster(stack), &file).await.expect("it runs");
    let known = tasks(&past.ada).await;
    let lost = past.live_on(stack).await;

    stack.stop_all().await;
    let journal = Journal::open(stack.directory(), false).expect("a directory");
    restore(stack.directory(), &file, Profile::Dev, &journal).await.expect("nothing runs");
    sleep_until(fires_at(&past.overdue)).await;
    let up = System.now();
    stack.start_all().await.expect("it starts again");

    all_published(stack).await;
    what_was_in_flight_arrives(&past, known).await;
    each_firing_is_told_once(&past, up).await;
    histories_are_those_of_the_copy(&past).await;
    events_of_the_lost_future_were_ignored(stack).await;
    everything_goes_on(&past, &lost).await;
}

/// Ids and versions.
async fn tasks(person: &Person) -> Vec<(Value, Value)> {
    let mut all = person.all("/tasks?status=open").await;
    all.extend(person.all("/tasks?status=done").await);
    let mut all: Vec<_> = all.into_iter().map(|task| (task["id"].clone(), task["version"].clone())).collect();
    all.sort_by_key(|(id, _)| id.to_string());
    all
}

/// The completion that nobody had taken when the backup was made still has its consequence, and nothing else changed.
async fn what_was_in_flight_arrives(past: &Past, mut known: Vec<(Value, Value)>) {
    let next = next_of(&past.ada, &past.completed).await;
    assert_eq!(next["due"]["at"], "2030-01-14T09:00:00");
    known.push((next["id"].clone(), json!(1)));
    known.sort_by_key(|(id, _)| id.to_string());
    unchanged_for(Duration::from_secs(2), async || tasks(&past.ada).await).await;
    assert_eq!(tasks(&past.ada).await, known, "all that the copy holds, and nothing that came later");
}

async fn each_firing_is_told_once(past: &Past, up: DateTime<Utc>) {
    let Past { ada, told, unheard, overdue, later, .. } = past;
    sleep_until(fires_at(later)).await;
    let inbox = ada.notified(4).await;
    let of = |task: &Value| {
        let found: Vec<&Value> = inbox.iter().filter(|one| one["task_id"] == task["id"]).collect();
        assert_eq!(found.len(), 1, "{} in {inbox:?}", task["title"]);
        found[0].clone()
    };
    for task in [told, unheard, later] {
        of(task);
    }
    let late = of(overdue)["late_ms"].as_i64().expect("a number");
    let least = (up - fires_at(overdue)).num_milliseconds();
    assert!(late >= least, "it fired by the copy's knowledge: {late} ms late, at least {least} expected");
    assert_eq!(of(later)["due_at"], later["reminders"][0]["fires_at"], "where the copy has it");
    unchanged_for(Duration::from_secs(2), async || ada.notifications().await.len()).await;
    assert_eq!(ada.notifications().await.len(), 4);
    // What the lost future had mailed already comes under the Message-ID it had.
    let once = ["Told", "Unheard", "Overdue"].map(|title| format!("Reminder: {title}"));
    eventually("the mails", SOON, async || {
        let mails = ada.mails().await;
        let copies = |subject: &String| mails.iter().filter(|mail| mail.subject == *subject).count();
        (once.iter().map(copies).collect::<Vec<_>>() == [1, 2, 2]).then_some(())
    })
    .await;
    let mails = ada.mails().await;
    for subject in &once {
        assert_eq!(message_ids(&mails, subject).len(), 1, "{subject}");
    }
}

fn message_ids<'a>(mails: &'a [Mail], subject: &str) -> BTreeSet<&'a str> {
    mails.iter().filter(|mail| mail.subject == subject).map(|mail| mail.message_id.as_str()).collect()
}

async fn histories_are_those_of_the_copy(past: &Past) {
    let Past { ada, told, unheard, overdue, edited, second, completed, .. } = past;
    for (task, kinds) in [
        (edited, &[("task.created", 1), ("task.updated", 1)][..]),
        (second, &[("task.created", 1)]),
        (completed, &[("task.created", 1), ("task.completed", 1), ("recurrence.instance_created", 1)]),
        (told, &[("task.created", 1), ("reminder.fired", 1), ("notification.delivered", 2)]),
        (unheard, &[("task.created", 1), ("reminder.fired", 1), ("notification.delivered", 2)]),
        (overdue, &[("task.created", 1), ("reminder.fired", 1), ("notification.delivered", 2)]),
    ] {
        let history = ada.history_holds(task, kinds).await;
        let expected: usize = kinds.iter().map(|(_, count)| count).sum();
        assert_eq!(history.len(), expected, "{}: {history:?}", task["title"]);
    }
}

/// Each subscriber was offered some.
async fn events_of_the_lost_future_were_ignored(stack: &Stack) {
    for app in SUBSCRIBERS {
        let url = format!("http://127.0.0.1:{}/metrics", stack.ports().apps[app][0].app);
        let metrics = Request::new("GET", url).text().await;
        let ignored = metrics
            .lines()
            .find_map(|line| line.strip_prefix("subscriber_lost_future_events_total "))
            .and_then(|count| count.parse::<u64>().ok());
        assert!(ignored.is_some_and(|count| count > 0), "{app}: {ignored:?}");
    }
}

/// New changes get versions, generations and ids that the lost future had given out, and are none of its.
async fn everything_goes_on(past: &Past, lost: &Value) {
    let Past { ada, edited, second, later, .. } = past;
    let again = ada.of_task("PATCH", edited, "").key("kept").json(json!({ "title": "Version 2" }));
    assert_eq!(again.until_answered().await.body["version"], 2, "a retry of what the copy knows is answered");
    for version in 3..=5 {
        assert_eq!(retitle(ada, edited, &format!("Version {version}")).await["version"], version);
    }
    let history = ada.history_holds(edited, &[("task.created", 1), ("task.updated", 4)]).await;
    let titles: Vec<&Value> = history.iter().map(|entry| &entry["title"]).collect();
    assert_eq!(titles, ["Version 1", "Version 2", "Version 3", "Version 4", "Version 5"]);

    let again =
        ada.request("POST", "/tasks").key("lost").json(json!({ "title": "Lost" })).until_answered().await;
    assert_eq!(
        (again.status, &again.body["id"]),
        (201, &lost["id"]),
        "a retry of what was lost is carried out"
    );
    assert_eq!(ada.history_holds(&again.body, &[("task.created", 1)]).await.len(), 1);

    ada.act(ada.of_task("POST", second, "/complete")).await;
    let third = next_of(ada, second).await;
    assert_eq!(third["due"]["at"], "2030-01-21T09:00:00");

    let before = ada.notifications().await.len();
    ada.act(ada.of_task("PATCH", later, "").json(json!({ "due": due_in(63) }))).await;
    let inbox = ada.notified(before + 1).await;
    assert_eq!(inbox[0]["task_id"], later["id"], "the second generation is told, though it was before");
    let fired: DateTime<Utc> = inbox[0]["fired_at"].as_str().expect("an instant").parse().expect("RFC 3339");
    assert!(System.now() - fired < TimeDelta::seconds(30));
    // The first generation's, the second's of the lost future, and this one's.
    eventually("three different mails", SOON, async || {
        (message_ids(&ada.mails().await, "Reminder: Later").len() == 3).then_some(())
    })
    .await;
}
