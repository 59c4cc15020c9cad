//! Files as people have them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::test_support::{Answer, Backend, User};

async fn import(backend: &Backend, user: &User, kind: &str, file: impl Into<String>) -> Answer {
    backend.request("POST", "/api/v1/import").token(&user.token).raw(kind, file.into()).send().await
}

async fn export(backend: &Backend, user: &User, format: &str) -> Answer {
    backend.request("GET", &format!("/api/v1/export?format={format}")).token(&user.token).send().await
}

async fn create(backend: &Backend, user: &User, body: Value) -> String {
    let answer = backend.request("POST", "/api/v1/tasks").token(&user.token).json(body).send().await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body["id"].as_str().unwrap().to_owned()
}

/// The counts: created, existing, refused.
fn counts(answer: &Answer) -> (u64, u64, u64) {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let count = |name: &str| answer.body[name].as_u64().unwrap();
    assert_eq!(count("failed"), 0, "{}", answer.body);
    (count("created"), count("existing"), count("refused"))
}

const CALENDAR: &str = "BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VTODO
UID:rent@example.org
SUMMARY:Pay rent
DESCRIPTION:By transfer\\, not
  in cash
DTSTART;TZID=Europe/Berlin:20261201T090000
RRULE:FREQ=MONTHLY;BYMONTHDAY=1
PRIORITY:1
CATEGORIES:home,money
LOCATION:Bank
ATTENDEE:mailto:bob@example.org
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-PT15M
END:VALARM
END:VTODO
BEGIN:VTODO
UID:form@example.org
SUMMARY:Fill in the form
RELATED-TO:rent@example.org
STATUS:COMPLETED
END:VTODO
END:VCALENDAR
";

#[sqlx::test(migrations = false)]
async fn a_calendar_becomes_tasks_and_twice_makes_nothing_twice(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    let dry = backend
        .request("POST", "/api/v1/import?dry_run=true")
        .token(&ada.token)
        .raw("text/calendar", CALENDAR)
        .send()
        .await;
    assert_eq!(counts(&dry), (2, 0, 0));
    let list = backend.request("GET", "/api/v1/tasks").token(&ada.token).send().await;
    assert_eq!(list.body["items"], json!([]), "a dry run makes nothing");

    let first = import(&backend, &ada, "text/calendar; charset=utf-8", CALENDAR).await;
    assert_eq!(counts(&first), (2, 0, 0));
    let item = &first.body["items"][0];
    assert_eq!((&item["uid"], &item["line"]), (&json!("rent@example.org"), &json!(3)));
    assert_eq!((&item["ignored"][0]["what"], &item["ignored"][0]["line"]), (&json!("ATTENDEE"), &json!(13)));
    let path = format!("/api/v1/tasks/{}", item["id"].as_str().unwrap());
    let task = backend.request("GET", &path).token(&ada.token).send().await.body;
    assert_eq!(task["notes"], "By transfer, not in cash\nLocation: Bank");
    assert_eq!(task["due"], json!({"at": "2026-12-01T09:00:00", "zone": "Europe/Berlin"}));
    assert_eq!(task["recurrence"]["rrule"], "FREQ=MONTHLY;BYMONTHDAY=1");
    assert_eq!((&task["priority"], &task["tags"]), (&json!("urgent"), &json!(["home", "money"])));
    assert_eq!(task["reminders"][0]["before"], "PT15M");
    let done = format!("/api/v1/tasks/{}", first.body["items"][1]["id"].as_str().unwrap());
    let done = backend.request("GET", &done).token(&ada.token).send().await.body;
    assert_eq!((&done["status"], &done["parent_id"]), (&json!("done"), &item["id"]));

    assert_eq!(counts(&import(&backend, &ada, "text/calendar", CALENDAR).await), (0, 2, 0));
    let bob = backend.user("bob@example.org").await;
    assert_eq!(counts(&import(&backend, &bob, "text/calendar", CALENDAR).await), (2, 0, 0));
}

/// A host that dies between the two commands leaves an open task.
#[sqlx::test(migrations = false)]
async fn a_done_task_whose_import_was_cut_short_is_completed_the_next_time(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    let open = CALENDAR.replace("STATUS:COMPLETED\n", "");
    let first = import(&backend, &ada, "text/calendar", open).await;
    let path = format!("/api/v1/tasks/{}", first.body["items"][1]["id"].as_str().unwrap());
    assert_eq!(counts(&import(&backend, &ada, "text/calendar", CALENDAR).await), (0, 2, 0));
    let task = backend.request("GET", &path).token(&ada.token).send().await.body;
    assert_eq!((&task["status"], &task["version"]), (&json!("done"), &json!(2)));
    let reopen = backend.request("POST", &format!("{path}/reopen")).token(&ada.token).send().await;
    assert_eq!(reopen.status, 200);
    import(&backend, &ada, "text/calendar", CALENDAR).await;
    let task = backend.request("GET", &path).token(&ada.token).send().await.body;
    assert_eq!(task["status"], "open", "what was changed since stays");
}

#[sqlx::test(migrations = false)]
async fn what_was_exported_comes_back_to_somebody_else_as_it_was(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let (ada, bob) = (backend.user("ada@example.org").await, backend.user("bob@example.org").await);
    let parent = create(
        &backend,
        &ada,
        json!({
            "title": "Move; house, \\soon", "notes": "# Plan\n\n- pack, all", "priority": "high", "tags": ["home", "Größe"],
            "due": {"at": "2026-12-01T09:00:00", "zone": "America/New_York"}, "start": "2026-11-28", "estimate": "PT1H30M",
            "reminders": [{"before": "PT10M"}, {"at": "2026-11-30T08:00:00Z"}],
        }),
    )
    .await;
    let child = create(&backend, &ada, json!({"title": "Pack", "parent_id": parent})).await;
    create(
        &backend,
        &ada,
        json!({
            "title": "Water the plants", "due": {"date": "2026-12-07"}, "blocked_by": [child],
            "reminders": [{"before": "P1D"}],
            "recurrence": {"rrule": "FREQ=WEEKLY;BYDAY=MO;COUNT=9", "exdates": ["2026-12-14"], "from": "completion", "missed": "keep-each"},
        }),
    )
    .await;
    for (format, kind) in [("json", "application/json"), ("ics", "text/calendar")] {
        let file = export(&backend, &ada, format).await;
        assert_eq!(file.status, 200);
        assert_eq!(
            counts(&import(&backend, &ada, kind, file.text.clone()).await),
            (0, 3, 0),
            "they are hers already"
        );
        let other = backend.user(&format!("{format}@example.org")).await;
        let told = import(&backend, &other, kind, file.text).await;
        assert_eq!(counts(&told), (3, 0, 0));
        let ignored: Vec<_> = told.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|item| item["ignored"].as_array().unwrap())
            .collect();
        assert!(ignored.is_empty(), "{ignored:?}");
        let (mine, theirs) = (of(&backend, &ada).await, of(&backend, &other).await);
        assert_eq!(mine, theirs, "{format}");
    }
    let csv = export(&backend, &ada, "csv").await;
    assert_eq!(counts(&import(&backend, &bob, "text/csv", csv.text).await), (3, 0, 0));
    let tasks = of(&backend, &bob).await;
    assert_eq!(tasks[0]["due"], json!({"at": "2026-12-01T09:00:00", "zone": "America/New_York"}));
    assert_eq!(tasks[1]["parent_id"], "Move; house, \\soon");
}

/// Somebody's tasks by title, as far as people set them, with titles in the place of ids.
async fn of(backend: &Backend, user: &User) -> Vec<Value> {
    let list = backend.request("GET", "/api/v1/tasks").token(&user.token).send().await;
    let items = list.body["items"].as_array().unwrap().clone();
    let title = |id: &Value| {
        items.iter().find(|task| task["id"] == *id).map_or(Value::Null, |task| task["title"].clone())
    };
    let mut tasks: Vec<Value> = items
        .iter()
        .map(|task| {
            let reminders: Vec<Value> = task["reminders"].as_array().unwrap().iter().map(|one| json!([one["at"], one["before"]])).collect();
            let blockers: Vec<Value> = task["blocked_by"].as_array().unwrap().iter().map(title).collect();
            let recurrence = &task["recurrence"];
            json!({
                "title": task["title"], "notes": task["notes"], "priority": task["priority"], "tags": task["tags"],
                "due": task["due"], "start": task["start"], "estimate": task["estimate"], "reminders": reminders,
                "parent_id": title(&task["parent_id"]), "blocked_by": blockers,
                "recurrence": [recurrence["rrule"], recurrence["exdates"], recurrence["from"], recurrence["missed"]],
            })
        })
        .collect();
    tasks.sort_by_key(|task| task["title"].as_str().unwrap().to_owned());
    tasks
}

#[sqlx::test(migrations = false)]
async fn todoists_rows_become_tasks(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    let file = "TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE,DURATION,DURATION_UNIT\n\
        task,Move house @home @big,\"First, pack\",1,1,Ada (1),,every monday at 9,en,Europe/Berlin,45,minute\n\
        task,Pack,,4,2,Ada (1),,1 Dec,en,,,\n\
        note,Boxes are in the cellar,,,,Ada (1),,,,,,\n\
        task,Sing,,4,1,,,when the moon is full,en,,,\n\
        section,Later,,,,,,,,,,\n\
        task,,,9,1,,,,,,,\n";
    let told = import(&backend, &ada, "text/csv", file).await;
    assert_eq!(counts(&told), (4, 0, 0));
    let items = told.body["items"].as_array().unwrap();
    let ignored = |at: usize| {
        items[at]["ignored"].as_array().unwrap().iter().map(|one| one["what"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        (ignored(0), ignored(2), ignored(3)),
        (vec![], vec![json!("DATE"), json!("TYPE")], vec![json!("PRIORITY")])
    );
    assert_eq!(items[2]["line"], 5);
    let tasks = of(&backend, &ada).await;
    let titles: Vec<_> = tasks.iter().map(|task| task["title"].clone()).collect();
    assert_eq!(titles, ["Move house", "Pack", "Sing", "Untitled"]);
    assert_eq!(
        (&tasks[0]["tags"], &tasks[0]["recurrence"][0]),
        (&json!(["home", "big"]), &json!("FREQ=WEEKLY;BYDAY=MO"))
    );
    assert_eq!((&tasks[0]["estimate"], &tasks[0]["priority"]), (&json!("PT45M"), &json!("urgent")));
    assert_eq!(
        (&tasks[1]["parent_id"], &tasks[1]["notes"]),
        (&json!("Move house"), &json!("Boxes are in the cellar"))
    );
    assert_eq!(tasks[2]["notes"], "Date: when the moon is full");
    assert_eq!(counts(&import(&backend, &ada, "text/csv", file).await), (0, 4, 0));
}

#[sqlx::test(migrations = false)]
async fn one_that_breaks_a_rule_is_refused_alone_and_those_below_it_go_without(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    let file = json!({"almanac": 1, "tasks": [
        {"id": "a", "title": "x".repeat(501)},
        {"id": "b", "title": "Below", "parent_id": "a", "blocked_by": ["nobody"]},
        {"id": "c", "title": "Round", "parent_id": "d"},
        {"id": "d", "title": "And round", "parent_id": "c"},
        {"id": "e", "title": "Late", "reminders": [{"at": "2020-01-01T00:00:00Z"}], "project_id": uuid::Uuid::nil()},
        7,
    ]});
    let told = import(&backend, &ada, "application/json", file.to_string()).await;
    assert_eq!(counts(&told), (4, 0, 2));
    let items = told.body["items"].as_array().unwrap();
    assert_eq!(
        (&items[0]["errors"][0]["field"], &items[0]["errors"][0]["rule"]),
        (&json!("title"), &json!("max_length"))
    );
    let rules = |at: usize| {
        items[at]["ignored"].as_array().unwrap().iter().map(|one| one["rule"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(rules(1), ["refused", "unknown_task"]);
    assert_eq!(rules(2), ["cycle"]);
    assert_eq!(rules(4), ["unknown_project", "passed"]);
}

#[sqlx::test(migrations = false)]
async fn a_file_that_is_none_is_refused(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    for (kind, file, status, rule) in [
        ("text/calendar", "hello".to_owned(), 422, "not_a_calendar"),
        ("text/csv", "a,b\n1,2\n".to_owned(), 422, "not_todoist"),
        ("application/json", "{".to_owned(), 422, "not_json"),
        ("application/json", "{}".to_owned(), 422, "not_an_export"),
        ("application/json", "{\"almanac\": 2}".to_owned(), 422, "unknown_version"),
        (
            "application/json",
            json!({"almanac": 1, "tasks": vec![json!({}); 5001]}).to_string(),
            422,
            "too_many",
        ),
        ("text/plain", "x".to_owned(), 415, ""),
        ("text/calendar", "x".repeat(5 * 1024 * 1024 + 1), 413, ""),
    ] {
        let answer = import(&backend, &ada, kind, file).await;
        let told = answer.body["errors"][0]["rule"].as_str().unwrap_or_default();
        assert_eq!((answer.status, told), (status, rule), "{kind}");
    }
    let not_text =
        backend.request("POST", "/api/v1/import").token(&ada.token).raw("text/csv", vec![0xff, 0xfe]);
    assert_eq!(not_text.send().await.body["errors"][0]["rule"], "not_utf8");
    assert_eq!(export(&backend, &ada, "xml").await.status, 422);
}

#[sqlx::test(migrations = false)]
async fn what_has_not_begun_in_time_is_left_to_the_next_import(pool: PgPool) {
    // Half as long again as a command that nobody answers.
    let backend = Backend::hurried(pool.clone(), Duration::from_millis(450)).await;
    let ada = backend.user("ada@example.org").await;
    let tasks: Vec<Value> = (0..40).map(|n| json!({"id": format!("t{n}"), "title": "x"})).collect();
    let file = json!({"almanac": 1, "tasks": tasks}).to_string();
    backend.actors.go_down();
    let told = import(&backend, &ada, "application/json", file.clone()).await;
    assert_eq!((told.status, &told.body["failed"]), (200, &json!(40)), "{}", told.text);
    let detail = |at: usize| told.body["items"][at]["errors"][0]["detail"].as_str().unwrap().to_owned();
    assert!(detail(0).contains("cannot be reached"), "{}", detail(0));
    assert!(detail(39).contains("import the file again"), "{}", detail(39));
    backend.actors.come_back();
    let mut left = 40;
    for _ in 0..40 {
        left =
            import(&backend, &ada, "application/json", file.clone()).await.body["failed"].as_u64().unwrap();
        if left == 0 {
            break;
        }
    }
    assert_eq!(left, 0, "each import makes some");
    let tasks: i64 = sqlx::query_scalar("SELECT count(*) FROM task").fetch_one(&pool).await.unwrap();
    assert_eq!(tasks, 40);
}

/// Each of these once made about a billion hashes.
#[sqlx::test(migrations = false)]
async fn a_long_chain_of_tasks_is_planned_at_once(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    let dry_run = async |tasks: Vec<Value>| {
        let file = json!({"almanac": 1, "tasks": tasks}).to_string();
        assert!(file.len() < 5 * 1024 * 1024);
        let begun = Instant::now();
        let path = "/api/v1/import?dry_run=true";
        let told = backend.request("POST", path).token(&ada.token).raw("application/json", file).send().await;
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
        counts(&told)
    };
    let name = |n: usize| format!("{n:04}");
    let chain = |title: &str| -> Vec<Value> {
        let task = |n: usize| {
            let before: Vec<String> = (n.saturating_sub(140)..n).map(name).collect();
            json!({"id": name(n), "title": title, "blocked_by": before})
        };
        (0..4_900).map(task).collect()
    };
    // Who waits for more than 50 is refused; so the next waits for fewer, and is not.
    let (created, existing, refused) = dry_run(chain("x")).await;
    assert_eq!((created + refused, existing), (4_900, 0));
    assert!(created > 50 && refused > 0, "{created} {refused}");
    assert_eq!(dry_run(chain("")).await, (0, 0, 4_900));
}
