//! Tasks that recur, through the API.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::test_support::{Answer, Backend, User};

struct World {
    backend: Backend,
    ada: User,
}

impl World {
    async fn new(pool: PgPool) -> Self {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        Self { backend, ada }
    }

    async fn send(&self, method: &'static str, path: &str, body: Value) -> Answer {
        self.backend.request(method, path).token(&self.ada.token).json(body).send().await
    }

    /// The path of a weekly task.
    async fn weekly(&self) -> String {
        let body = json!({
            "title": "Water the plants", "due": {"at": "2026-12-07T09:00:00"},
            "recurrence": {"rrule": "FREQ=WEEKLY;BYDAY=MO"},
        });
        let created = self.send("POST", "/api/v1/tasks", body).await;
        assert_eq!(created.status, 201, "{}", created.body);
        created.headers["location"].to_str().unwrap().to_owned()
    }
}

#[sqlx::test(migrations = false)]
async fn a_task_recurs_by_a_rule(pool: PgPool) {
    let world = World::new(pool).await;
    let body = json!({
        "title": "Water the plants", "due": {"at": "2026-12-07T09:00:00"},
        "recurrence": {
            "rrule": "FREQ=WEEKLY;BYDAY=MO", "from": "completion", "exdates": ["2026-12-21T09:00:00"],
            "rdates": [], "missed": "keep-each",
        },
    });
    let created = world.send("POST", "/api/v1/tasks", body).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let recurrence = &created.body["recurrence"];
    let id = created.body["id"].as_str().unwrap().parse().unwrap();
    let expected = json!({
        "rrule": "FREQ=WEEKLY;BYDAY=MO", "from": "completion", "exdates": ["2026-12-21T09:00:00"], "rdates": [],
        "missed": "keep-each", "series_id": contracts::recurrence::series_id(id), "ended": false,
        "occurrence": "2026-12-07T09:00:00", "text": "every week on Monday",
    });
    assert_eq!(*recurrence, expected);
    let path = format!("/api/v1/tasks/{id}");
    assert_eq!(world.send("GET", &path, json!({})).await.body["recurrence"], *recurrence);
    let listed = world.send("GET", "/api/v1/tasks", json!({})).await;
    assert_eq!(listed.body["items"][0]["recurrence"], *recurrence);
    let again = world.send("PATCH", &path, json!({"recurrence": recurrence})).await;
    assert_eq!((again.status, &again.body["version"]), (200, &json!(1)), "sent back as it was read");
}

#[sqlx::test(migrations = false)]
async fn an_edit_says_which_instances_it_is_about(pool: PgPool) {
    let world = World::new(pool).await;
    let task = world.weekly().await;
    let later = |time: &str| json!({"due": {"at": format!("2026-12-08T{time}:00")}});
    let this = world.send("PATCH", &task, later("10:00")).await.body;
    assert_eq!(this["due"]["at"], "2026-12-08T10:00:00");
    assert_eq!(this["recurrence"]["occurrence"], "2026-12-07T09:00:00", "it keeps its name");
    let all = world.send("PATCH", &format!("{task}?scope=all"), later("11:00")).await.body;
    assert_eq!(all["recurrence"]["occurrence"], "2026-12-08T11:00:00");
    let daily = json!({"recurrence": {"rrule": "FREQ=DAILY"}});
    let following = world.send("PATCH", &format!("{task}?scope=following"), daily).await.body;
    assert_eq!(following["recurrence"]["text"], "every day");
    let none = world.send("PATCH", &task, json!({"recurrence": null})).await.body;
    assert_eq!((&none["recurrence"], &none["version"]), (&json!(null), &json!(5)));
    for (query, field) in [("?scope=none", "scope"), ("?scope=", "scope"), ("?scop=all", "scop")] {
        let answer = world.send("PATCH", &format!("{task}{query}"), json!({"title": "x"})).await;
        assert_eq!((answer.status, answer.fields()), (422, vec![field.to_owned()]), "{query}");
    }
}

#[sqlx::test(migrations = false)]
async fn an_instance_is_passed_over_or_the_last(pool: PgPool) {
    let world = World::new(pool).await;
    let task = world.weekly().await;
    let ended = world.send("POST", &format!("{task}/recurrence/end"), json!({})).await;
    assert_eq!((ended.status, &ended.body["recurrence"]["ended"]), (200, &json!(true)));
    let skipped = world.send("POST", &format!("{task}/skip"), json!({})).await;
    assert_eq!((skipped.status, &skipped.headers["etag"]), (200, &"\"3\"".parse().unwrap()));
    assert_eq!((&skipped.body["status"], &skipped.body["skipped"]), (&json!("done"), &json!(true)));
    let open = world.send("POST", &format!("{task}/reopen"), json!({})).await;
    assert_eq!((&open.body["status"], &open.body["skipped"]), (&json!("open"), &json!(false)));

    let plain = world.ada.create(&world.backend, "Feed the cat").await;
    for what in ["skip", "recurrence/end"] {
        let answer = world.send("POST", &format!("{plain}/{what}"), json!({})).await;
        assert_eq!((answer.status, answer.fields()), (422, vec!["recurrence".to_owned()]), "{what}");
        let bob = world.backend.user(&format!("bob-{}@example.org", what.len())).await;
        let path = format!("{task}/{what}");
        let foreign = world.backend.request("POST", &path).token(&bob.token).send().await;
        assert_eq!(foreign.status, 404, "{what}");
        assert_eq!(world.backend.request("POST", &path).send().await.status, 401, "{what}");
    }
}

#[sqlx::test(migrations = false)]
async fn what_is_wrong_with_a_recurrence_is_named(pool: PgPool) {
    let world = World::new(pool).await;
    let task = world.weekly().await;
    let with = |member: &str, value: Value| {
        let mut recurrence = json!({"rrule": "FREQ=DAILY"});
        recurrence[member] = value;
        recurrence
    };
    for (recurrence, field) in [
        (json!("FREQ=DAILY"), "recurrence"),
        (json!({}), "recurrence.rrule"),
        (with("rrule", json!("FREQ=SECONDLY")), "recurrence.rrule"),
        (with("rrule", json!("DAILY")), "recurrence.rrule"),
        (with("rrule", json!(["FREQ=DAILY"])), "recurrence.rrule"),
        (with("from", json!("start")), "recurrence.from"),
        (with("missed", json!("keep_each")), "recurrence.missed"),
        (with("exdates", json!(["2026-12-01"])), "recurrence.exdates[0]"),
        (with("exdates", json!("2026-12-01")), "recurrence.exdates"),
        (with("rdates", json!([null])), "recurrence.rdates[0]"),
        (with("rdates", json!(vec!["2026-12-01T09:00:00"; 1001])), "recurrence.rdates"),
        (with("dtstart", json!("2026-12-01T09:00:00")), "recurrence.dtstart"),
    ] {
        let due = json!({"at": "2026-12-07T09:00:00"});
        let body = json!({"title": "x", "due": due, "recurrence": recurrence});
        for (method, path) in [("POST", "/api/v1/tasks"), ("PATCH", task.as_str())] {
            let answer = world.send(method, path, body.clone()).await;
            assert_eq!((answer.status, answer.fields()), (422, vec![field.to_owned()]), "{method} {body}");
        }
    }
    let undated = world
        .send("POST", "/api/v1/tasks", json!({"title": "x", "recurrence": {"rrule": "FREQ=DAILY"}}))
        .await;
    assert_eq!((undated.status, undated.fields()), (422, vec!["due".to_owned()]));
    let undated = world.send("PATCH", &task, json!({"due": null})).await;
    assert_eq!((undated.status, undated.fields()), (422, vec!["due".to_owned()]));
}
