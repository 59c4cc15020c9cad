//! Tasks to write.

use chrono::{DateTime, Utc};
use contracts::task::TaskSnapshot;
use domain::{NewTask, Task, UserZone, Zone};
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-24T11:00:00Z".parse().expect("a sound example")
}

pub(crate) fn berlin() -> UserZone {
    UserZone::new(Zone::parse("Europe/Berlin").expect("a sound example"), 1)
}

/// A task with these members of a `NewTask`.
pub(crate) fn task(members: Value) -> TaskSnapshot {
    let mut new = json!({
        "id": uuid::Uuid::from_u128(1), "owner": uuid::Uuid::from_u128(2), "title": "Water the plants", "zone": berlin(),
    });
    new.as_object_mut()
        .expect("a sound example")
        .extend(members.as_object().expect("a sound example").clone());
    let new: NewTask = serde_json::from_value(new).expect("a sound example");
    TaskSnapshot { version: 3, task: Task::create(new, now()).expect("a sound example").task }
}

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9äß日;:,\\\\\"'#@!%=. -]{0,40}"
}

fn due() -> impl Strategy<Value = Option<Value>> {
    let date = (2000_i32..2090, 1_u32..13, 1_u32..29).prop_map(|(y, m, d)| format!("{y}-{m:02}-{d:02}"));
    let zone = proptest::sample::select(vec!["Europe/Berlin", "America/New_York", "UTC", "Asia/Kathmandu"]);
    proptest::option::of((date, proptest::option::of((0_u32..24, 0_u32..60, zone))).prop_map(
        |(date, time)| match time {
            None => json!({ "date": date }),
            Some((hour, minute, zone)) => {
                json!({"at": format!("{date}T{hour:02}:{minute:02}:00"), "zone": zone})
            }
        },
    ))
}

/// Whatever a person may have.
pub(crate) fn any_task() -> impl Strategy<Value = TaskSnapshot> {
    let rule = proptest::sample::select(vec![
        "FREQ=DAILY",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=YEARLY;COUNT=7",
        "FREQ=DAILY;UNTIL=20991231",
    ]);
    let recurrence = proptest::option::of((rule, any::<bool>(), any::<bool>()));
    let reminders = proptest::collection::btree_set(1_u32..100_000, 0..5);
    let instants = proptest::collection::btree_set(1_800_000_000_i64..2_000_000_000, 0..3);
    let tags = proptest::collection::btree_set("[a-zß日 ;:\\\\]{0,10}x", 0..4);
    let priority = proptest::sample::select(vec!["none", "low", "medium", "high", "urgent"]);
    let words = (text(), proptest::collection::vec(text(), 0..4));
    let plan =
        (proptest::option::of(1_u32..9_999), any::<bool>(), any::<bool>(), any::<u128>(), any::<bool>());
    (words, due(), recurrence, reminders, instants, tags, priority, plan).prop_map(
        |((title, notes), due, recurrence, reminders, instants, tags, priority, (estimate, start, parent, id, done))| {
            let before = reminders.iter().map(|minutes| json!({"before": format!("PT{minutes}M")}));
            let at = instants.iter().map(|at| json!({"at": DateTime::from_timestamp(*at, 0).expect("a sound example")}));
            let mut new = json!({
                "id": uuid::Uuid::from_u128(id), "title": format!("T {}", title.trim()), "notes": notes.join("\n"),
                "tags": tags.iter().map(|tag| tag.trim()).collect::<Vec<_>>(), "priority": priority,
                "reminders": before.chain(at).collect::<Vec<_>>(),
            });
            if let Some(estimate) = estimate {
                new["estimate"] = json!(estimate);
            }
            if parent {
                new["parent"] = json!(uuid::Uuid::from_u128(id ^ 1));
                new["blocked_by"] = json!([uuid::Uuid::from_u128(id ^ 2)]);
            }
            if let Some(due) = &due {
                let day = due["date"].as_str().or(due["at"].as_str()).expect("a sound example")[..10].to_owned();
                new["due"] = due.clone();
                if start {
                    new["start"] = json!(day);
                }
                if let Some((rrule, completion, keep)) = recurrence.filter(|_| !done) {
                    new["series"] = json!({"asked": {
                        "rrule": rrule, "from": if completion { "completion" } else { "due" },
                        "missed": if keep { "keep_each" } else { "skip" },
                    }});
                }
            } else {
                // Nothing to be relative to.
                new["reminders"].as_array_mut().expect("a sound example").retain(|reminder| reminder.get("at").is_some());
            }
            let TaskSnapshot { version, task } = task(new);
            let task = if done { task.complete(now()).expect("a sound example").into_parts().0 } else { task };
            TaskSnapshot { version, task }
        },
    )
}
