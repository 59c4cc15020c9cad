use serde_json::{Value, json};
use sqlx::PgPool;

use crate::test_support::{Answer, Backend, Shared, User};

const NOT_ALLOWED: &str = "/api/problems/not-allowed";

async fn send(backend: &Backend, user: &User, method: &'static str, path: &str, body: Value) -> Answer {
    backend.request(method, path).token(&user.token).json(body).send().await
}

#[sqlx::test(migrations = false)]
async fn what_each_role_may_do_to_a_task(pool: PgPool) {
    let Shared { backend, ada, bob, carl, eve, task, .. } = Shared::new(pool).await;
    for (method, rest, body) in [
        ("PATCH", "", json!({"title": "Weed the beds"})),
        ("POST", "/undo", Value::Null),
        ("POST", "/complete", Value::Null),
        ("POST", "/reopen", Value::Null),
        ("DELETE", "", Value::Null),
        ("POST", "/restore", Value::Null),
        ("PATCH", "", json!({"recurrence": {"rrule": "FREQ=DAILY"}})),
        ("POST", "/recurrence/end", Value::Null),
        ("POST", "/skip", Value::Null),
    ] {
        let path = format!("{task}{rest}");
        let viewer = send(&backend, &bob, method, &path, body.clone()).await;
        assert_eq!((viewer.status, viewer.kind()), (403, NOT_ALLOWED), "{method} {rest}");
        assert_eq!(viewer.body["errors"][0]["rule"], "needs_editor");
        let stranger = send(&backend, &eve, method, &path, body.clone()).await;
        assert_eq!((stranger.status, stranger.kind()), (404, "/api/problems/not-found"), "{method} {rest}");
        let editor = send(&backend, &carl, method, &path, body.clone()).await;
        assert!(editor.status < 300, "{method} {rest}: {}", editor.body);
        let owner = send(&backend, &ada, method, &path, body).await;
        assert!(owner.status < 300, "{method} {rest}: {}", owner.body);
    }
    for (user, status) in [(&ada, 200), (&bob, 200), (&carl, 200), (&eve, 404)] {
        assert_eq!(send(&backend, user, "GET", &task, Value::Null).await.status, status);
        // Nobody answers for the audit service here: who may ask gets that far.
        let history = send(&backend, user, "GET", &format!("{task}/history"), Value::Null).await;
        assert_eq!(history.status, if status == 200 { 503 } else { 404 });
    }
}

#[sqlx::test(migrations = false)]
async fn what_is_closed_is_closed_with_the_next_request(pool: PgPool) {
    let Shared { backend, ada, carl, project, task, .. } = Shared::new(pool).await;
    let title = async |title: &str| {
        let request = backend.request("PATCH", &task).token(&carl.token).header("idempotency-key", title);
        request.json(json!({"title": title})).send().await.status
    };
    assert_eq!(title("a").await, 200);
    let member = format!("{project}/members/{}", carl.id);
    send(&backend, &ada, "PATCH", &member, json!({"role": "viewer"})).await;
    assert_eq!((title("b").await, title("a").await), (403, 403));
    send(&backend, &ada, "DELETE", &member, Value::Null).await;
    assert_eq!(title("c").await, 404);
    assert_eq!(send(&backend, &carl, "GET", &task, Value::Null).await.status, 404);
}

#[sqlx::test(migrations = false)]
async fn tasks_come_into_a_project_by_its_editors(pool: PgPool) {
    let Shared { backend, ada, bob, carl, eve, project, project_id, task } = Shared::new(pool).await;
    let new = json!({"title": "Sow", "project_id": project_id});
    for (user, status, kind) in
        [(&ada, 201, ""), (&carl, 201, ""), (&bob, 403, NOT_ALLOWED), (&eve, 422, "/api/problems/invalid")]
    {
        let created = send(&backend, user, "POST", "/api/v1/tasks", new.clone()).await;
        assert_eq!((created.status, created.kind()), (status, kind), "{}", created.body);
        let own = user.create(&backend, "My own").await;
        let moved = send(&backend, user, "PATCH", &own, json!({"project_id": project_id})).await;
        assert_eq!(moved.status, if status == 201 { 200 } else { status }, "{}", moved.body);
    }
    // An editor may move a task between projects where they are one; a retry finds it moved already.
    let carls = send(&backend, &carl, "POST", "/api/v1/projects", json!({"name": "Carl's"})).await;
    let adas = send(&backend, &ada, "POST", "/api/v1/projects", json!({"name": "Ada's"})).await;
    let to = async |project: &Value, key: &str| {
        let request = backend.request("PATCH", &task).token(&carl.token).header("idempotency-key", key);
        request.json(json!({"project_id": project})).send().await
    };
    let unknown = to(&adas.body["id"], "a").await;
    assert_eq!((unknown.status, unknown.fields()), (422, vec!["project_id".to_owned()]));
    let moved = to(&carls.body["id"], "b").await;
    assert_eq!((moved.status, &moved.body["project_id"]), (200, &carls.body["id"]));
    let again = to(&carls.body["id"], "b").await;
    assert_eq!((again.status, again.body), (200, moved.body), "the same request, though by another project");
    assert_eq!(send(&backend, &bob, "GET", &task, Value::Null).await.status, 404);

    send(&backend, &ada, "PATCH", &project, json!({"archived": true})).await;
    let late = send(&backend, &ada, "POST", "/api/v1/tasks", new.clone()).await;
    assert_eq!((late.status, &late.body["errors"][0]["rule"]), (422, &json!("archived")));
    send(&backend, &ada, "DELETE", &project, Value::Null).await;
    assert_eq!(send(&backend, &ada, "POST", "/api/v1/tasks", new).await.fields(), ["project_id"]);
}

#[sqlx::test(migrations = false)]
async fn a_change_by_somebody_else_keeps_the_owners_zone(pool: PgPool) {
    let Shared { backend, carl, task, .. } = Shared::new(pool).await;
    sqlx::query("UPDATE app_user SET time_zone = 'Asia/Tokyo', zone_version = 9 WHERE id = $1")
        .bind(carl.id)
        .execute(&backend.app.pool)
        .await
        .unwrap();
    let body = json!({"reminders": [{"before": "PT1H"}]});
    let edited = send(&backend, &carl, "PATCH", &task, body).await;
    // Nine o'clock in Berlin, less an hour.
    assert_eq!(edited.body["reminders"][0]["fires_at"], "2026-12-01T07:00:00Z");
    send(&backend, &carl, "POST", &format!("{task}/complete"), Value::Null).await;
    let reopened = send(&backend, &carl, "POST", &format!("{task}/reopen"), Value::Null).await;
    assert_eq!(reopened.body["reminders"][0]["fires_at"], "2026-12-01T07:00:00Z");
}

#[sqlx::test(migrations = false)]
async fn an_event_tells_who_did_it(pool: PgPool) {
    let Shared { backend, ada, carl, task, .. } = Shared::new(pool).await;
    send(&backend, &carl, "POST", &format!("{task}/comments"), json!({"text": "Secret"})).await;
    send(&backend, &carl, "POST", &format!("{task}/complete"), Value::Null).await;
    let told: Vec<Value> = sqlx::query_scalar(
        "SELECT body FROM actor_outbox WHERE topic = 'task-events' AND body ->> 'subject' = $1 ORDER BY seq",
    )
    .bind(task.rsplit('/').next().unwrap())
    .fetch_all(&backend.app.pool)
    .await
    .unwrap();
    let who: Vec<_> = told.iter().map(|event| (&event["type"], &event["data"]["by"])).collect();
    let (ada, carl) = (json!(ada.id), json!(carl.id));
    let kinds = ["task.created", "task.commented", "task.completed"].map(|kind| json!(kind));
    assert_eq!(who, [(&kinds[0], &ada), (&kinds[1], &carl), (&kinds[2], &carl)]);
    assert!(told.iter().all(|event| event["data"]["user_id"] == ada), "it is still hers");
    assert!(!told[1].to_string().contains("Secret"), "what was said is nobody else's business");
}

#[sqlx::test(migrations = false)]
async fn who_leaves_a_project_sees_its_tasks_no_more_even_those_they_made(pool: PgPool) {
    let Shared { backend, ada, carl, project, project_id, .. } = Shared::new(pool.clone()).await;
    let new = async |title: &str, project: Option<&str>| {
        let body = json!({"title": title, "project_id": project, "due": {"date": "2026-12-01"},
            "reminders": [{"before": "PT1H"}]});
        let made = send(&backend, &carl, "POST", "/api/v1/tasks", body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.headers["location"].to_str().unwrap().to_owned()
    };
    let (open, trashed) = (new("Sow", Some(&project_id)).await, new("Dig", Some(&project_id)).await);
    let own = new("My own", None).await;
    assert_eq!(send(&backend, &carl, "DELETE", &trashed, Value::Null).await.status, 204);
    let in_trash = trashed.replace("/tasks/", "/trash/");
    let titles = async |path: &str| {
        let page = send(&backend, &carl, "GET", path, Value::Null).await;
        let items = page.body["items"].as_array().unwrap().clone();
        items.into_iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // Whether its reminder is still told.
    let reminds = async |task: &str| -> bool {
        let sql = "SELECT firing_is_current(task_id, user_id, reminder_id, generation) FROM reminder WHERE task_id = $1";
        let id: uuid::Uuid = task.rsplit('/').next().unwrap().parse().unwrap();
        sqlx::query_scalar(sql).bind(id).fetch_one(&pool).await.unwrap()
    };
    assert_eq!(send(&backend, &carl, "GET", &open, Value::Null).await.status, 200);
    assert_eq!(titles("/api/v1/trash").await, ["Dig"]);
    assert!(reminds(&open).await);

    let member = format!("{project}/members/{}", carl.id);
    assert_eq!(send(&backend, &carl, "DELETE", &member, Value::Null).await.status, 204);
    for (method, path, body) in [
        ("GET", open.clone(), Value::Null),
        ("GET", format!("{open}/comments"), Value::Null),
        ("GET", format!("{open}/history"), Value::Null),
        ("PATCH", open.clone(), json!({"project_id": null})),
        ("POST", format!("{open}/complete"), Value::Null),
        ("POST", format!("{trashed}/restore"), Value::Null),
        ("DELETE", in_trash.clone(), Value::Null),
        ("PATCH", own.clone(), json!({"blocked_by": [open.rsplit('/').next()]})),
    ] {
        let answer = send(&backend, &carl, method, &path, body).await;
        let refused = if path == own { 422 } else { 404 };
        assert_eq!(answer.status, refused, "{method} {path}: {}", answer.body);
    }
    assert_eq!(titles("/api/v1/tasks").await, ["My own"]);
    assert_eq!(titles("/api/v1/trash").await, [""; 0]);
    assert!(!reminds(&open).await, "nobody is told of what they may not see");
    assert!(reminds(&own).await);
    assert_eq!(send(&backend, &ada, "GET", &open, Value::Null).await.status, 200, "it is the project's");

    let back = json!({"email": "carl@example.org", "role": "viewer"});
    assert_eq!(send(&backend, &ada, "POST", &format!("{project}/members"), back).await.status, 201);
    assert_eq!(send(&backend, &carl, "GET", &open, Value::Null).await.status, 200);
    assert!(reminds(&open).await, "who comes back is told again");

    // In the trash the project has no members; who was there until the end is not one who left.
    assert_eq!(send(&backend, &ada, "DELETE", &project, Value::Null).await.status, 204);
    assert_eq!(titles("/api/v1/trash").await, ["Dig"]);
    let alone = send(&backend, &carl, "POST", &format!("{trashed}/restore"), Value::Null).await;
    assert_eq!((alone.status, alone.fields()), (422, vec!["project_id".to_owned()]));
}
