//! Input that nobody should send: it is refused in words, and never a defect of ours.

mod bodies;

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::test_support::{Answer, Backend};

const INVALID: &str = "/api/problems/invalid";

#[sqlx::test(migrations = false)]
async fn what_is_wrong_with_a_task_is_named(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    let task = ada.create(&backend, "Water the plants").await;
    let reminders = |count: i32| (0..count).map(|n| json!({"before": format!("PT{n}M")})).collect::<Value>();
    let nowhere = uuid::Uuid::nil();
    for (body, field) in [
        (json!({"title": ""}), "title"),
        (json!({"title": "   "}), "title"),
        (json!({"title": "x".repeat(501)}), "title"),
        (json!({"title": "two\nlines"}), "title"),
        (json!({"title": "nul\u{0}"}), "title"),
        (json!({"title": ["x"]}), "title"),
        (json!({"title": null}), "title"),
        (json!({"title": "x", "notes": "x".repeat(20_001)}), "notes"),
        (json!({"title": "x", "notes": "nul\u{0}"}), "notes"),
        (json!({"title": "x", "notes": 5}), "notes"),
        (json!({"title": "x", "priority": "HIGH"}), "priority"),
        (json!({"title": "x", "priority": 1}), "priority"),
        (json!({"title": "x", "tags": "home"}), "tags"),
        (json!({"title": "x", "tags": ["ok", "a,b"]}), "tags[1]"),
        (json!({"title": "x", "tags": [""]}), "tags[0]"),
        (json!({"title": "x", "tags": (0..21).map(|n| n.to_string()).collect::<Vec<_>>()}), "tags"),
        (json!({"title": "x", "due": "2026-12-01"}), "due"),
        (json!({"title": "x", "due": {}}), "due"),
        (json!({"title": "x", "due": {"zone": "Europe/Berlin"}}), "due"),
        (json!({"title": "x", "due": {"date": "2026-12-01", "at": "2026-12-01T09:00:00"}}), "due"),
        (json!({"title": "x", "due": {"date": "2026-02-30"}}), "due.date"),
        (json!({"title": "x", "due": {"date": "9999-12-31"}}), "due.date"),
        (json!({"title": "x", "due": {"date": 20261201}}), "due.date"),
        (json!({"title": "x", "due": {"at": "2026-12-01T25:00:00"}}), "due.at"),
        (json!({"title": "x", "due": {"at": "2026-12-01T09:00:00Z"}}), "due.at"),
        (json!({"title": "x", "due": {"at": "2026-12-01T09:00:00", "zone": "Mars/Base"}}), "due.zone"),
        (json!({"title": "x", "due": {"date": "2026-12-01", "time": "09:00"}}), "due.time"),
        (json!({"title": "x", "reminders": {}}), "reminders"),
        (json!({"title": "x", "reminders": reminders(21)}), "reminders"),
        (json!({"title": "x", "reminders": [null]}), "reminders[0]"),
        (json!({"title": "x", "reminders": [{}]}), "reminders[0]"),
        (json!({"title": "x", "reminders": [{"before": "PT1M"}, {"before": "PT60S"}]}), "reminders[1]"),
        (json!({"title": "x", "reminders": [{"before": "P1Y"}]}), "reminders[0].before"),
        (json!({"title": "x", "reminders": [{"before": "P367D"}]}), "reminders[0].before"),
        (json!({"title": "x", "reminders": [{"before": "-PT1M"}]}), "reminders[0].before"),
        (json!({"title": "x", "reminders": [{"before": "PT99999999999999999999S"}]}), "reminders[0].before"),
        (json!({"title": "x", "reminders": [{"at": "2026-12-01T09:00:00"}]}), "reminders[0].at"),
        (json!({"title": "x", "reminders": [{"at": "1969-12-31T23:59:59Z"}]}), "reminders[0].at"),
        (json!({"title": "x", "reminders": [{"at": "2016-12-31T23:59:60Z"}]}), "reminders[0].at"),
        (json!({"title": "x", "reminders": [{"id": "first", "before": "PT1M"}]}), "reminders[0].id"),
        (json!({"title": "x", "reminders": [{"id": nowhere, "before": "PT1M"}]}), "reminders[0].id"),
        (json!({"title": "x", "reminders": [{"before": "PT1M", "sound": "ping"}]}), "reminders[0].sound"),
        (json!({"title": "x", "titel": "y"}), "titel"),
        (json!({"title": "x", "status": "done"}), "status"),
        (json!({"title": "x", "id": nowhere}), "id"),
        (json!([]), ""),
        (json!("x"), ""),
    ] {
        for (method, path) in [("POST", "/api/v1/tasks"), ("PATCH", task.as_str())] {
            let answer = backend.request(method, path).token(&ada.token).json(body.clone()).send().await;
            assert_eq!((answer.status, answer.kind()), (422, INVALID), "{method} {body}");
            assert_eq!(answer.fields(), [field], "{method} {body}");
        }
    }
}

#[sqlx::test(migrations = false)]
async fn what_is_wrong_with_an_account_is_named(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let with = |member: &str, value: Value| {
        let mut body = json!({"email": "a@example.org", "password": "correct horse", "time_zone": "UTC"});
        body[member] = value;
        body
    };
    for (member, value) in [
        ("email", json!("")),
        ("email", json!("ada")),
        ("email", json!("ada@example.org\r\nBcc: bob@example.org")),
        ("email", json!("ada\u{0}@example.org")),
        ("email", json!(format!("{}@example.org", "a".repeat(300)))),
        ("email", json!(7)),
        ("email", Value::Null),
        ("password", json!("short")),
        ("password", json!("x".repeat(257))),
        ("password", json!({})),
        ("time_zone", json!("Europe/berlin ")),
        ("time_zone", json!("+01:00")),
        ("time_zone", json!("")),
        ("time_zone", json!("\u{0}")),
        ("role", json!("admin")),
    ] {
        let answer = backend.post("/api/v1/auth/register", with(member, value.clone())).await;
        assert_eq!((answer.status, answer.kind()), (422, INVALID), "{member} {value}");
        assert_eq!(answer.fields(), [member], "{value}");
    }
}

#[sqlx::test(migrations = false)]
async fn what_is_no_json_or_no_task_is_told_apart(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    let task = ada.create(&backend, "Water the plants").await;
    let large = json!({"title": "x", "notes": "x".repeat(256 * 1024)}).to_string();
    for (method, path) in
        [("POST", "/api/v1/tasks"), ("PATCH", task.as_str()), ("POST", "/api/v1/auth/login")]
    {
        for (media_type, body, status, kind) in [
            ("application/json", "", 400, "malformed-body"),
            ("application/json", "{\"title\":", 400, "malformed-body"),
            ("application/json", "{\"title\":\"\\ud800\"}", 400, "malformed-body"),
            ("application/json", "{} trailing", 400, "malformed-body"),
            ("application/json", &"[".repeat(5000), 400, "malformed-body"),
            ("application/json", &large, 413, "body-too-large"),
            ("text/plain", "{}", 415, "unsupported-media-type"),
            ("application/x-www-form-urlencoded", "title=x", 415, "unsupported-media-type"),
        ] {
            let answer =
                backend.request(method, path).token(&ada.token).raw(media_type, body.to_owned()).send().await;
            let shown: String = body.chars().take(30).collect();
            assert_eq!(answer.status, status, "{method} {path} {shown}");
            assert_eq!(answer.kind(), format!("/api/problems/{kind}"), "{method} {path} {shown}");
        }
    }
    for id in [
        "1",
        "x",
        "%00",
        "%ff",
        "..",
        "00000000000070008000000000000001",
        "{00000000-0000-7000-8000-000000000001}",
    ] {
        for (method, rest) in [("GET", ""), ("DELETE", ""), ("POST", "/complete"), ("GET", "/history")] {
            let path = format!("/api/v1/tasks/{id}{rest}");
            let answer = backend.request(method, &path).token(&ada.token).send().await;
            assert_eq!(answer.status, 404, "{method} {path}");
        }
    }
    let nobodys = format!("/api/v1/tasks/{}", uuid::Uuid::from_u128(1));
    for (method, rest) in [("GET", ""), ("DELETE", ""), ("POST", "/restore"), ("GET", "/history")] {
        let answer = backend.request(method, &format!("{nobodys}{rest}")).token(&ada.token).send().await;
        assert_eq!((answer.status, answer.kind()), (404, "/api/problems/not-found"), "{method} {rest}");
    }
    let long = "k".repeat(256);
    for (name, value) in
        [("idempotency-key", ""), ("idempotency-key", &long), ("if-match", "1"), ("if-match", "\"1")]
    {
        let request = backend.request("POST", &format!("{task}/complete")).token(&ada.token);
        assert_eq!(request.header(name, value).send().await.status, 422, "{name}: {value}");
    }
}

#[sqlx::test(migrations = false)]
async fn no_body_at_all_is_answered_by_a_defect(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    let task = ada.create(&backend, "Water the plants").await;
    let mut runner = TestRunner::new(Config::default());
    let check = |answer: &Answer, what: &dyn std::fmt::Display| {
        assert!(answer.status < 500, "{}: {what}", answer.status);
        if answer.status >= 400 {
            assert_eq!(answer.headers["content-type"], "application/problem+json", "{what}");
        }
    };
    let mut accepted = 0;
    let following = format!("{task}?scope=following");
    let all = format!("{task}?scope=all");
    for _ in 0..400 {
        let body = bodies::bodies().new_tree(&mut runner).unwrap().current();
        for (method, path) in [
            ("POST", "/api/v1/tasks"),
            ("PATCH", task.as_str()),
            ("PATCH", following.as_str()),
            ("PATCH", all.as_str()),
            ("POST", "/api/v1/auth/register"),
            ("POST", "/api/v1/auth/login"),
            ("POST", "/api/v1/recurrences/preview"),
        ] {
            let answer = backend.request(method, path).token(&ada.token).json(body.clone()).send().await;
            check(&answer, &format_args!("{method} {path} {body}"));
            accepted += u32::from(answer.status < 300);
        }
        let bytes = prop::collection::vec(any::<u8>(), 0..200).new_tree(&mut runner).unwrap().current();
        let shown = format!("{bytes:?}");
        let request = backend.request("POST", "/api/v1/tasks").token(&ada.token);
        check(&request.raw("application/json", bytes).send().await, &shown);
    }
    assert!(accepted > 0, "none was accepted: the bodies are too far from good ones");
}
