//! A request that is sent again under its key gets the first answer, whatever has changed meanwhile.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::test_support::{Answer, Backend, Shared, User};

/// Method, path and body.
type Request = (&'static str, String, Value);

async fn send(backend: &Backend, user: &User, key: &str, request: &Request) -> Answer {
    let (method, path, body) = request;
    let request = backend.request(method, path).token(&user.token).header("idempotency-key", key);
    match body {
        Value::Null => request.send().await,
        body => request.json(body.clone()).send().await,
    }
}

/// What of an answer must be the same.
fn said(answer: Answer) -> (u16, Value, Vec<Option<String>>) {
    let header = |name| answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let mut body = answer.body.clone();
    if answer.status >= 400 {
        // Where a problem happened is told of each try.
        body["instance"] = Value::Null;
    }
    (answer.status, body, vec![header("etag"), header("location")])
}

/// Each under a key of its own, which is the same for the same requests.
async fn answers(
    backend: &Backend,
    user: &User,
    requests: &[Request],
) -> Vec<(u16, Value, Vec<Option<String>>)> {
    let mut answers = Vec::new();
    for (place, request) in requests.iter().enumerate() {
        let answer = said(send(backend, user, &format!("k{place}"), request).await);
        assert!(answer.0 < 300, "{request:?}: {}", answer.1);
        answers.push(answer);
    }
    answers
}

/// All that changes a task, one after the other; it is on a day, and open again after it.
fn changes(task: &str) -> Vec<Request> {
    let at = |rest: &str| format!("{task}{rest}");
    vec![
        ("PATCH", at(""), json!({"due": {"at": "2026-12-01T09:00:00"}, "reminders": [{"before": "PT1H"}]})),
        ("POST", at("/undo"), Value::Null),
        ("POST", at("/complete"), Value::Null),
        ("POST", at("/reopen"), Value::Null),
        ("DELETE", at(""), Value::Null),
        ("POST", at("/restore"), Value::Null),
        ("POST", at("/comments"), json!({"text": "Done"})),
        ("PATCH", at("?scope=all"), json!({"recurrence": {"rrule": "FREQ=DAILY"}})),
        ("POST", at("/skip"), Value::Null),
        ("POST", at("/reopen"), Value::Null),
        ("POST", at("/recurrence/end"), Value::Null),
    ]
}

fn bulk(task: &str) -> Request {
    let id = task.rsplit('/').next().unwrap();
    let operations = json!([
        {"op": "create", "body": {"title": "Sow", "due": {"at": "2026-12-01T09:00:00"}}},
        {"op": "update", "id": id, "body": {"due": {"at": "2026-12-02T09:00:00"}}},
        {"op": "complete", "id": id},
        {"op": "reopen", "id": id},
        {"op": "delete", "id": id},
        {"op": "restore", "id": id},
    ]);
    ("POST", "/api/v1/tasks/bulk".to_owned(), json!({ "operations": operations }))
}

fn all_went_well(bulk: &Value) -> bool {
    bulk["results"].as_array().unwrap().iter().all(|result| result["status"].as_u64().unwrap() < 300)
}

async fn move_to(backend: &Backend, user: &User, zone: &str) {
    let moved = backend.request("PATCH", "/api/v1/me").token(&user.token).json(json!({"time_zone": zone}));
    assert_eq!(moved.send().await.status, 200);
}

#[sqlx::test(migrations = false)]
async fn when_the_persons_zone_has_changed(pool: PgPool) {
    let Shared { backend, ada, task, .. } = Shared::new(pool).await;
    let due = json!({"at": "2026-12-01T09:00:00"});
    let mut requests = vec![
        ("POST", "/api/v1/tasks".to_owned(), json!({"title": "Sow", "due": due})),
        ("POST", "/api/v1/tasks/quick".to_owned(), json!({"text": "Call Bob in 2 hours"})),
        ("POST", "/api/v1/tasks/quick".to_owned(), json!({"text": "Call Eve tomorrow at 9"})),
    ];
    requests.extend(changes(&task));
    requests.push(bulk(&task));
    let first = answers(&backend, &ada, &requests).await;
    assert!(all_went_well(&first.last().unwrap().1), "{first:?}");
    move_to(&backend, &ada, "Pacific/Auckland").await;
    backend.clock.advance(TimeDelta::hours(5));
    assert_eq!(answers(&backend, &ada, &requests).await, first);
    let list = backend.request("GET", "/api/v1/tasks?limit=200").token(&ada.token).send().await;
    assert_eq!(list.body["items"].as_array().unwrap().len(), 5, "nothing was made twice");
}

#[sqlx::test(migrations = false)]
async fn when_the_parent_has_come_to_another_project(pool: PgPool) {
    let Shared { backend, ada, task, .. } = Shared::new(pool).await;
    let parent = task.rsplit('/').next().unwrap();
    let own = ada.create(&backend, "Rake").await;
    let requests = [
        ("POST", "/api/v1/tasks".to_owned(), json!({"title": "Sow", "parent_id": parent})),
        ("PATCH", own, json!({"parent_id": parent})),
    ];
    let first = answers(&backend, &ada, &requests).await;
    let other = ("POST", "/api/v1/projects".to_owned(), json!({"name": "Kitchen"}));
    let other = send(&backend, &ada, "p", &other).await;
    let moved = ("PATCH", task.clone(), json!({"project_id": other.body["id"]}));
    assert_eq!(send(&backend, &ada, "m", &moved).await.status, 200);
    assert_eq!(answers(&backend, &ada, &requests).await, first);
}

#[sqlx::test(migrations = false)]
async fn when_the_project_is_shared_no_more(pool: PgPool) {
    let Shared { backend, ada, carl, eve, project, project_id, task, .. } = Shared::new(pool).await;
    let mut requests = changes(&task);
    let said = send(&backend, &carl, "c", &("POST", format!("{task}/comments"), json!({"text": "x"}))).await;
    let comment = said.headers["location"].to_str().unwrap().to_owned();
    requests.push(("PATCH", comment.clone(), json!({"text": "y"})));
    requests.push(("DELETE", comment, Value::Null));
    requests.push(bulk(&task));
    let new = json!({"title": "Sow", "project_id": project_id});
    requests.push(("POST", "/api/v1/tasks".to_owned(), new));
    let first = answers(&backend, &carl, &requests).await;
    let member = format!("{project}/members/{}", carl.id);
    for (method, body) in [("PATCH", json!({"role": "viewer"})), ("DELETE", Value::Null)] {
        let less = send(&backend, &ada, method, &(method, member.clone(), body)).await;
        assert!(less.status < 300, "{}", less.body);
        assert_eq!(answers(&backend, &carl, &requests).await, first, "{method}");
    }

    // The first answer is for who got it, and only for what they asked then.
    let edit = |title: &str| ("PATCH", task.clone(), json!({ "title": title }));
    assert_eq!(send(&backend, &carl, "new", &edit("Mow")).await.status, 404);
    let another = send(&backend, &carl, "k0", &edit("Mow")).await;
    assert_eq!((another.status, another.kind()), (422, "/api/problems/idempotency-key-reused"));
    for request in &requests {
        if request.1.starts_with(&task) {
            assert_eq!(send(&backend, &eve, "k0", request).await.status, 404, "{request:?}");
        }
    }
    let hers = send(&backend, &ada, "k0", &requests[0]).await;
    assert_eq!(hers.status, 200, "her key is another");
    assert_ne!(hers.body["version"], first[0].1["version"]);
}

#[sqlx::test(migrations = false)]
async fn when_the_task_is_deleted_for_good(pool: PgPool) {
    let Shared { backend, ada, task, .. } = Shared::new(pool).await;
    let requests = changes(&task);
    let first = answers(&backend, &ada, &requests).await;
    let gone =
        [("DELETE", task.clone(), Value::Null), ("DELETE", task.replace("tasks", "trash"), Value::Null)];
    for (key, request) in ["d", "p"].iter().zip(&gone) {
        let answer = send(&backend, &ada, key, request).await;
        assert_eq!(answer.status, 204, "{}", answer.body);
    }
    assert_eq!(answers(&backend, &ada, &requests).await, first);
    assert_eq!(send(&backend, &ada, "new", &requests[2]).await.status, 404);
}

#[sqlx::test(migrations = false)]
async fn when_a_project_is_somebody_elses(pool: PgPool) {
    let Shared { backend, ada, bob, carl, eve, project, .. } = Shared::new(pool.clone()).await;
    let members = format!("{project}/members");
    let of = |user: &User| format!("{members}/{}", user.id);
    let requests = [
        ("POST", "/api/v1/projects".to_owned(), json!({"name": "Kitchen"})),
        ("PATCH", project.clone(), json!({"name": "Yard"})),
        ("POST", members.clone(), json!({"email": "eve@example.org", "role": "viewer"})),
        ("DELETE", project.clone(), Value::Null),
        ("POST", format!("{project}/restore"), Value::Null),
        ("PATCH", of(&bob), json!({"role": "editor"})),
        ("PATCH", of(&carl), json!({"role": "owner"})),
    ];
    let mut first = answers(&backend, &ada, &requests).await;
    assert_eq!(first[2].1["user_id"], json!(eve.id));
    sqlx::query("UPDATE app_user SET email = 'her' || email WHERE id = $1")
        .bind(eve.id)
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(answers(&backend, &ada, &requests).await, first);
    let out = send(&backend, &carl, "out", &("DELETE", of(&ada), Value::Null)).await;
    assert_eq!(out.status, 204, "{}", out.body);
    // What addresses others have by now is none of her business any more.
    for (_, body, _) in &mut first[5..] {
        assert!(body["email"].is_string());
        body["email"] = Value::Null;
    }
    assert_eq!(answers(&backend, &ada, &requests).await, first);
}

#[sqlx::test(migrations = false)]
async fn a_refusal_too_whoever_may_by_now(pool: PgPool) {
    let Shared { backend, ada, bob, project, project_id, task, .. } = Shared::new(pool).await;
    let into = ("POST", "/api/v1/tasks".to_owned(), json!({"title": "Sow", "project_id": project_id}));
    let refused = said(send(&backend, &bob, "k", &into).await);
    assert_eq!((refused.0, &refused.1["errors"][0]["rule"]), (403, &json!("needs_editor")));
    let stale = send(&backend, &ada, "s", &("POST", format!("{task}/undo"), Value::Null)).await;
    assert_eq!((stale.status, stale.kind()), (409, "/api/problems/nothing-to-undo"), "{}", stale.body);

    let member = format!("{project}/members/{}", bob.id);
    assert_eq!(
        send(&backend, &ada, "e", &("PATCH", member.clone(), json!({"role": "editor"}))).await.status,
        200
    );
    assert_eq!(said(send(&backend, &bob, "k", &into).await), refused);
    assert_eq!(send(&backend, &bob, "another", &into).await.status, 201);
    assert_eq!(send(&backend, &ada, "d", &("DELETE", member, Value::Null)).await.status, 204);
    assert_eq!(said(send(&backend, &bob, "k", &into).await), refused);
}

/// As the version before stored them, or a host of it does.
#[sqlx::test(migrations = false)]
async fn an_answer_that_does_not_say_what_was_asked_is_known_by_its_message(pool: PgPool) {
    let Shared { backend, ada, carl, project, task, .. } = Shared::new(pool.clone()).await;
    let mut requests = changes(&task);
    requests.push(("POST", "/api/v1/tasks".to_owned(), json!({"title": "Sow"})));
    let first = answers(&backend, &carl, &requests).await;
    let forgotten = sqlx::query("UPDATE actor_command SET asked = NULL").execute(&pool).await.unwrap();
    assert!(forgotten.rows_affected() > 0);
    assert_eq!(answers(&backend, &carl, &requests).await, first);
    let another = send(&backend, &carl, "k0", &("PATCH", task.clone(), json!({"title": "Mow"}))).await;
    assert_eq!((another.status, another.kind()), (422, "/api/problems/idempotency-key-reused"));
    let out = ("DELETE", format!("{project}/members/{}", carl.id), Value::Null);
    assert_eq!(send(&backend, &ada, "out", &out).await.status, 204);
    assert_eq!(send(&backend, &carl, "k0", &requests[0]).await.status, 404, "as it was answered then");
}
