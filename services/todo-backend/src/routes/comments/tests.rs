use serde_json::{Value, json};
use sqlx::PgPool;

use crate::test_support::{Answer, Backend, Shared, User};

async fn send(backend: &Backend, user: &User, method: &'static str, path: &str, body: Value) -> Answer {
    backend.request(method, path).token(&user.token).json(body).send().await
}

fn path(answer: &Answer) -> String {
    answer.headers["location"].to_str().unwrap().to_owned()
}

#[sqlx::test(migrations = false)]
async fn a_comment_is_made_once_under_its_key_edited_and_deleted(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    let task = ada.create(&backend, "Water the plants").await;
    let comments = format!("{task}/comments");
    let add = async |body: Value| {
        let request = backend.request("POST", &comments).token(&ada.token);
        request.header("idempotency-key", "k").json(body).send().await
    };
    let first = add(json!({"text": "The **fern** too\r\nplease"})).await;
    assert_eq!((first.status, &first.headers["etag"]), (201, &"\"2\"".parse().unwrap()), "{}", first.body);
    assert_eq!(first.body["text"], "The **fern** too\nplease");
    assert_eq!((&first.body["author"], &first.body["edited_at"]), (&json!("ada@example.org"), &Value::Null));
    assert_eq!(add(json!({"text": "The **fern** too\r\nplease"})).await.body, first.body);
    assert_eq!(add(json!({"text": "Another"})).await.kind(), "/api/problems/idempotency-key-reused");
    let other = ada.create(&backend, "Feed the cat").await;
    let elsewhere = backend.request("POST", &format!("{other}/comments")).token(&ada.token);
    let elsewhere = elsewhere.header("idempotency-key", "k").json(json!({"text": "x"})).send().await;
    assert_eq!(elsewhere.status, 201, "another task's key is another key");

    let comment = path(&first);
    let edited = send(&backend, &ada, "PATCH", &comment, json!({"text": "Not the fern"})).await;
    assert_eq!((edited.status, &edited.body["text"]), (200, &json!("Not the fern")));
    assert_ne!(edited.body["edited_at"], Value::Null);
    let listed = send(&backend, &ada, "GET", &comments, Value::Null).await;
    assert_eq!(listed.body, json!({"items": [edited.body], "next_cursor": null}));
    assert_eq!(send(&backend, &ada, "DELETE", &comment, Value::Null).await.status, 204);
    assert_eq!(send(&backend, &ada, "GET", &comments, Value::Null).await.body["items"], json!([]));
    for method in ["DELETE", "PATCH"] {
        let gone = send(&backend, &ada, method, &comment, json!({"text": "x"})).await;
        assert_eq!((gone.status, gone.kind()), (404, "/api/problems/not-found"), "{method}");
    }
}

#[sqlx::test(migrations = false)]
async fn pages_hold_every_comment_once_oldest_first(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    let task = ada.create(&backend, "Water the plants").await;
    for i in 0..5 {
        if i % 2 == 0 {
            backend.clock.advance(chrono::TimeDelta::milliseconds(1500));
        }
        let body = json!({"text": i.to_string()});
        assert_eq!(send(&backend, &ada, "POST", &format!("{task}/comments"), body).await.status, 201);
    }
    let (mut texts, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("{task}/comments?limit=2{cursor}");
        let page = send(&backend, &ada, "GET", &path, Value::Null).await;
        let items = page.body["items"].as_array().unwrap();
        texts.extend(items.iter().map(|one| one["text"].as_str().unwrap().to_owned()));
        let Some(next) = page.body["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!((texts.len(), texts[4].as_str()), (5, "4"));
    texts.sort();
    assert_eq!(texts, ["0", "1", "2", "3", "4"]);
    let bad = send(&backend, &ada, "GET", &format!("{task}/comments?cursor=x&page=1"), Value::Null).await;
    assert_eq!((bad.status, bad.fields()), (422, vec!["cursor".to_owned(), "page".to_owned()]));
}

#[sqlx::test(migrations = false)]
async fn who_may_change_a_comment(pool: PgPool) {
    let Shared { backend, ada, bob, carl, eve, task, .. } = Shared::new(pool).await;
    let comments = format!("{task}/comments");
    let say = async |user: &User| send(&backend, user, "POST", &comments, json!({"text": "Hm."})).await;
    let (bobs, carls) = (path(&say(&bob).await), path(&say(&carl).await));
    assert_eq!(say(&eve).await.status, 404);
    assert_eq!(send(&backend, &eve, "GET", &comments, Value::Null).await.status, 404);
    for (user, comment, edits) in
        [(&bob, &bobs, 200), (&carl, &bobs, 403), (&ada, &bobs, 403), (&eve, &bobs, 404), (&bob, &carls, 403)]
    {
        let edited = send(&backend, user, "PATCH", comment, json!({"text": "Well."})).await;
        assert_eq!(edited.status, edits, "{}", edited.body);
    }
    let deletes = async |user, comment: &str| send(&backend, user, "DELETE", comment, Value::Null).await;
    assert_eq!(deletes(&carl, &bobs).await.kind(), "/api/problems/not-allowed");
    assert_eq!(deletes(&ada, &carls).await.status, 204, "she owns the project");
    assert_eq!(deletes(&bob, &bobs).await.status, 204, "he said it");
}

#[sqlx::test(migrations = false)]
async fn what_is_wrong_with_a_comment_is_named(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    let task = ada.create(&backend, "Water the plants").await;
    let comment =
        path(&send(&backend, &ada, "POST", &format!("{task}/comments"), json!({"text": "x"})).await);
    for (body, field) in [
        (json!({}), "text"),
        (json!({"text": " \n"}), "text"),
        (json!({"text": "x".repeat(10_001)}), "text"),
        (json!({"text": "\u{0}"}), "text"),
        (json!({"text": ["x"]}), "text"),
        (json!({"text": "x", "author": "me"}), "author"),
        (json!([]), ""),
    ] {
        for (method, path) in [("POST", format!("{task}/comments")), ("PATCH", comment.clone())] {
            let answer = send(&backend, &ada, method, &path, body.clone()).await;
            assert_eq!((answer.status, answer.fields()), (422, vec![field.to_owned()]), "{method} {body}");
        }
    }
    for path in [format!("{task}/comments/x"), format!("{task}/comments/{}", uuid::Uuid::nil())] {
        assert_eq!(send(&backend, &ada, "DELETE", &path, Value::Null).await.status, 404);
    }
    send(&backend, &ada, "DELETE", &task, Value::Null).await;
    for (method, path) in
        [("POST", format!("{task}/comments")), ("PATCH", comment.clone()), ("DELETE", comment)]
    {
        let answer = send(&backend, &ada, method, &path, json!({"text": "x"})).await;
        assert_eq!((answer.status, answer.kind()), (404, "/api/problems/task-deleted"), "{method}");
    }
}
