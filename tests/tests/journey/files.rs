//! Tasks that come and go as files.

use std::time::Duration;

use almanac_tests::{Person, WholeAnswer, unchanged_for};
use chrono::TimeDelta;
use serde_json::{Value, json};
use virtual_actors::{Clock, System};
use xtask::Stack;

pub(crate) async fn what_is_exported_comes_back_as_it_was(stack: &Stack) {
    let (ada, bob) = (Person::register(stack).await, Person::register(stack).await);
    let move_house = ada
        .create(json!({
            "title": "Move; house, \\soon", "notes": "# Plan\n\n- pack, all", "priority": "high",
            "tags": ["home", "Größe"], "due": {"at": "2090-12-01T09:00:00", "zone": "America/New_York"},
            "start": "2090-11-28", "estimate": "PT1H30M",
            "reminders": [{"before": "PT10M"}, {"at": "2090-11-30T08:00:00Z"}],
        }))
        .await;
    let pack = ada.create(json!({"title": "Pack", "parent_id": move_house["id"]})).await;
    let water = json!({
        "title": "Water the plants", "due": {"date": "2090-12-04"}, "blocked_by": [pack["id"]],
        "reminders": [{"before": "P1D"}],
        "recurrence": {"rrule": "FREQ=WEEKLY;BYDAY=MO;COUNT=9", "from": "completion", "missed": "keep-each"},
    });
    ada.create(water).await;
    let done = ada.create(json!({"title": "Sign", "priority": "urgent"})).await;
    ada.act(ada.of_task("POST", &done, "/complete")).await;

    let mine = as_set(&ada).await;
    assert_eq!(mine.len(), 4);
    let file = export(&ada, "json").await;
    assert_eq!(counts(&import(&ada, "application/json", &file.text).await), [0, 4], "they are hers already");
    for expected in [[4, 0], [0, 4]] {
        assert_eq!(counts(&import(&bob, "application/json", &file.text).await), expected);
        assert_eq!(as_set(&bob).await, mine);
    }
}

pub(crate) async fn a_calendar_of_another_program_reminds_once_however_often_it_is_imported(stack: &Stack) {
    let ada = Person::register(stack).await;
    let alarm = System.now() + TimeDelta::seconds(8);
    let due = (alarm + TimeDelta::minutes(15)).format("%Y%m%dT%H%M%SZ");
    let file = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//Other//EN\r\nBEGIN:VTODO\r\nUID:rent@example.org\r\n\
         SUMMARY:Pay rent\r\nDESCRIPTION:By transfer\\, not\r\n  in cash\r\nDUE:{due}\r\nRRULE:FREQ=MONTHLY\r\n\
         PRIORITY:1\r\nCATEGORIES:home,money\r\nATTENDEE:mailto:bob@example.org\r\nBEGIN:VALARM\r\n\
         ACTION:DISPLAY\r\nDESCRIPTION:Pay\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"
    );
    let first = import(&ada, "text/calendar", &file).await;
    assert_eq!(counts(&first), [1, 0]);
    assert_eq!(first["items"][0]["ignored"][0]["what"], "ATTENDEE", "{first}");
    assert_eq!(counts(&import(&ada, "text/calendar", &file).await), [0, 1]);

    let [rent] = &ada.all("/tasks").await[..] else { panic!("one task") };
    assert_eq!(rent["notes"], "By transfer, not in cash");
    assert_eq!((&rent["priority"], &rent["tags"]), (&json!("urgent"), &json!(["home", "money"])));
    assert_eq!(rent["recurrence"]["rrule"], "FREQ=MONTHLY");
    assert_eq!(ada.notified(1).await[0]["title"], "Pay rent");
    ada.mailed(1).await;
    unchanged_for(Duration::from_secs(1), async || {
        (ada.notifications().await.len(), ada.mails().await.len())
    })
    .await;
    assert!(export(&ada, "ics").await.text.contains("SUMMARY:Pay rent\r\n"));
}

pub(crate) async fn a_list_of_todoist_becomes_tasks_with_subtasks_and_repetitions(stack: &Stack) {
    const FILE: &str = "TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE\n\
        task,Move house @home,before spring,1,1,,,2090-03-01,en,\n\
        task,Pack,,4,2,,,,en,\n\
        task,Sing,,3,1,,,every monday at 9:00,en,Europe/Berlin\n\
        task,Dream,,4,1,,,when pigs fly,en,\n";
    let ada = Person::register(stack).await;
    for expected in [[4, 0], [0, 4]] {
        assert_eq!(counts(&import(&ada, "text/csv", FILE).await), expected);
    }
    let tasks = as_set(&ada).await;
    let titles: Vec<&Value> = tasks.iter().map(|task| &task["title"]).collect();
    assert_eq!(titles, ["Dream", "Move house", "Pack", "Sing"]);
    assert_eq!(tasks[0]["due"], Value::Null);
    assert!(tasks[0]["notes"].as_str().is_some_and(|notes| notes.contains("when pigs fly")), "{}", tasks[0]);
    assert_eq!((&tasks[1]["due"]["date"], &tasks[1]["tags"]), (&json!("2090-03-01"), &json!(["home"])));
    assert_eq!((&tasks[1]["priority"], &tasks[1]["notes"]), (&json!("urgent"), &json!("before spring")));
    assert_eq!(tasks[2]["parent_id"], "Move house");
    assert_eq!(tasks[3]["recurrence"]["rrule"], "FREQ=WEEKLY;BYDAY=MO");
    assert_eq!(tasks[3]["due"]["zone"], "Europe/Berlin");
}

async fn import(person: &Person, media_type: &'static str, file: &str) -> Value {
    let answer = person.request("POST", "/import").file(media_type, file).until_answered().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// How many tasks were made, and how many were there; none was refused.
fn counts(told: &Value) -> [u64; 2] {
    let count = |name: &str| told[name].as_u64().expect("a number");
    assert_eq!([count("refused"), count("failed")], [0, 0], "{told}");
    [count("created"), count("existing")]
}

async fn export(person: &Person, format: &str) -> WholeAnswer {
    let file = person.request("GET", &format!("/export?format={format}")).whole().await;
    assert_eq!(file.status, 200, "{file:?}");
    assert_eq!(file.header("content-disposition"), format!("attachment; filename=\"almanac.{format}\""));
    file
}

/// The tasks by title, as far as people set them, with titles in the place of ids.
async fn as_set(person: &Person) -> Vec<Value> {
    const SET: [&str; 10] =
        ["title", "notes", "status", "priority", "tags", "due", "start", "estimate", "position", "parent_id"];
    let tasks = person.all("/tasks?status=all&sort=title").await;
    let title = |id: &Value| {
        let found = tasks.iter().find(|task| task["id"] == *id);
        found.map_or(Value::Null, |task| task["title"].clone())
    };
    let shown = tasks.iter().map(|task| {
        let mut set: serde_json::Map<String, Value> =
            SET.iter().map(|member| ((*member).to_owned(), task[*member].clone())).collect();
        set.insert("parent_id".to_owned(), title(&task["parent_id"]));
        let blockers = task["blocked_by"].as_array().into_iter().flatten();
        set.insert("blocked_by".to_owned(), blockers.map(title).collect());
        let reminders = task["reminders"].as_array().into_iter().flatten();
        let firings =
            reminders.map(|reminder| json!([reminder["before"], reminder["at"], reminder["fires_at"]]));
        set.insert("reminders".to_owned(), firings.collect());
        let rule = ["rrule", "from", "missed"].map(|member| task["recurrence"][member].clone());
        set.insert("recurrence".to_owned(), json!({"rrule": rule[0], "from": rule[1], "missed": rule[2]}));
        Value::Object(set)
    });
    shown.collect()
}
