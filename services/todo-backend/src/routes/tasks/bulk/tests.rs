//! The endpoint, with actors on a real database.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::MOST;
use crate::test_support::{Answer, Backend, Shared, User};

async fn bulk(backend: &Backend, user: &User, key: Option<&str>, operations: Value) -> Answer {
    let request = backend.request("POST", "/api/v1/tasks/bulk").token(&user.token);
    let request = key.into_iter().fold(request, |request, key| request.header("idempotency-key", key));
    request.json(json!({ "operations": operations })).send().await
}

fn statuses(answer: &Answer) -> Vec<u64> {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let results = answer.body["results"].as_array().unwrap();
    results.iter().map(|result| result["status"].as_u64().unwrap()).collect()
}

async fn new_task(backend: &Backend, user: &User) -> String {
    user.create(backend, "Water the plants").await.rsplit('/').next().unwrap().to_owned()
}

#[sqlx::test(migrations = false)]
async fn each_operation_has_the_result_it_would_have_alone(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let (ada, bob) = (backend.user("ada@example.org").await, backend.user("bob@example.org").await);
    let (task, his) = (new_task(&backend, &ada).await, new_task(&backend, &bob).await);
    let answer = bulk(
        &backend,
        &ada,
        None,
        json!([
            { "op": "create", "body": { "title": "Feed the cat" } },
            { "op": "create", "body": { "titel": "Feed the cat" } },
            { "op": "update", "id": task, "if_match": "\"1\"", "body": { "notes": "the fern too" } },
            { "op": "update", "id": task, "if_match": "\"1\"", "body": { "notes": "too late" } },
            { "op": "complete", "id": task },
            { "op": "reopen", "id": task },
            { "op": "skip", "id": task },
            { "op": "delete", "id": task },
            { "op": "complete", "id": task },
            { "op": "restore", "id": task },
            { "op": "complete", "id": his },
            { "op": "update", "id": task, "scope": "some", "body": {} },
            { "op": "explode", "id": task },
            { "op": "complete", "id": "7", "if_match": "7", "body": {} },
            7,
        ]),
    )
    .await;
    assert_eq!(statuses(&answer)[..6], [201, 422, 200, 412, 200, 200]);
    assert_eq!(statuses(&answer)[7..], [204, 404, 200, 404, 422, 422, 422, 422]);

    let result = |place: usize| &answer.body["results"][place];
    assert_eq!(result(0)["task"]["title"], "Feed the cat");
    assert_eq!((&result(0)["id"], &result(0)["etag"]), (&result(0)["task"]["id"], &json!("\"1\"")));
    assert_eq!(result(1)["problem"]["type"], "/api/problems/invalid");
    assert_eq!(result(2)["task"]["notes"], "the fern too");
    assert_eq!(
        (&result(3)["problem"]["type"], &result(3)["etag"]),
        (&json!("/api/problems/version-mismatch"), &json!("\"2\""))
    );
    assert_eq!((&result(7)["task"], &result(7)["problem"]), (&Value::Null, &Value::Null));
    assert_eq!(result(8)["problem"]["type"], "/api/problems/task-deleted");
    assert_eq!(result(10)["id"], json!(his));
    let fields = |place: usize| -> Vec<&str> {
        let errors = result(place)["problem"]["errors"].as_array().unwrap();
        errors.iter().map(|error| error["field"].as_str().unwrap()).collect()
    };
    assert_eq!((fields(11), fields(12), fields(14)), (vec!["scope"], vec!["op"], vec![""]));
    assert_eq!(fields(13), ["id", "if_match", "body"], "all at once");
}

#[sqlx::test(migrations = false)]
async fn an_operation_is_allowed_to_who_may_do_it_alone(pool: PgPool) {
    let Shared { backend, bob, carl, eve, project_id, task, .. } = Shared::new(pool).await;
    let task = task.rsplit('/').next().unwrap().to_owned();
    let operations = json!([
        { "op": "update", "id": task, "body": { "notes": "the beds" } },
        { "op": "complete", "id": task },
        { "op": "create", "body": { "title": "Sow", "project_id": project_id } },
        { "op": "create", "body": { "title": "My own" } },
    ]);
    for (who, user, wanted, kind) in [
        ("viewer", &bob, [403, 403, 403, 201], json!("/api/problems/not-allowed")),
        ("stranger", &eve, [404, 404, 422, 201], json!("/api/problems/not-found")),
        ("editor", &carl, [200, 200, 201, 201], Value::Null),
    ] {
        let answer = bulk(&backend, user, None, operations.clone()).await;
        assert_eq!(statuses(&answer), wanted, "{who}");
        for place in 0..2 {
            assert_eq!(answer.body["results"][place]["problem"]["type"], kind, "{who}, {place}");
        }
    }
}

#[sqlx::test(migrations = false)]
async fn a_retry_of_the_whole_carries_each_out_once(pool: PgPool) {
    let backend = Backend::new(pool.clone()).await;
    let ada = backend.user("ada@example.org").await;
    let task = new_task(&backend, &ada).await;
    let operations = |title: &str| {
        json!([
            { "op": "create", "body": { "title": "Same" } },
            { "op": "create", "body": { "title": "Same" } },
            { "op": "update", "id": task, "if_match": "\"1\"", "body": { "title": title } },
            { "op": "complete", "id": task },
        ])
    };
    let first = bulk(&backend, &ada, Some("k"), operations("Fern")).await;
    assert_eq!(statuses(&first), [201, 201, 200, 200]);
    assert_ne!(first.body["results"][0]["id"], first.body["results"][1]["id"]);
    assert_eq!(bulk(&backend, &ada, Some("k"), operations("Fern")).await.body, first.body);
    let tasks: i64 = sqlx::query_scalar("SELECT count(*) FROM task").fetch_one(&pool).await.unwrap();
    assert_eq!(tasks, 3);

    let other = bulk(&backend, &ada, Some("k"), operations("Cat")).await;
    assert_eq!(statuses(&other), [201, 201, 422, 200]);
    assert_eq!(other.body["results"][2]["problem"]["type"], "/api/problems/idempotency-key-reused");
    let again = bulk(&backend, &ada, Some("l"), operations("Cat")).await;
    assert_eq!(statuses(&again), [201, 201, 412, 200], "another key is another request");
}

#[sqlx::test(migrations = false)]
async fn what_was_carried_out_before_a_failure_is_not_repeated(pool: PgPool) {
    let backend = Backend::new(pool.clone()).await;
    let ada = backend.user("ada@example.org").await;
    let some = json!([{ "op": "create", "body": { "title": "One" } }]);
    let first = bulk(&backend, &ada, Some("k"), some).await;
    // The client gave up; it sends the same and what it could not send then.
    let all = json!([{ "op": "create", "body": { "title": "One" } }, { "op": "create", "body": { "title": "Two" } }]);
    let second = bulk(&backend, &ada, Some("k"), all).await;
    assert_eq!(statuses(&second), [201, 201]);
    assert_eq!(second.body["results"][0], first.body["results"][0]);
    let tasks: i64 = sqlx::query_scalar("SELECT count(*) FROM task").fetch_one(&pool).await.unwrap();
    assert_eq!(tasks, 2);
}

#[sqlx::test(migrations = false)]
async fn operations_on_one_task_keep_their_order(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    let tasks = [new_task(&backend, &ada).await, new_task(&backend, &ada).await];
    let operations: Vec<_> = (0..100)
        .map(|n| {
            let if_match = format!("\"{}\"", n / 2 + 1);
            json!({ "op": "update", "id": tasks[n % 2], "if_match": if_match, "body": { "title": format!("{n}") } })
        })
        .collect();
    let answer = bulk(&backend, &ada, None, json!(operations)).await;
    assert_eq!(statuses(&answer), [200; 100]);
    assert_eq!(answer.body["results"][99]["etag"], "\"51\"");
}

#[sqlx::test(migrations = false)]
async fn the_whole_is_refused_only_if_it_is_no_list_of_operations(pool: PgPool) {
    let backend = Backend::new(pool.clone()).await;
    let ada = backend.user("ada@example.org").await;
    let create = json!({ "op": "create", "body": { "title": "x" } });
    let many = vec![create.clone(); MOST + 1];
    for operations in [json!([]), json!(many), json!({}), Value::Null] {
        let answer = bulk(&backend, &ada, None, operations).await;
        assert_eq!((answer.status, answer.fields()), (422, vec!["operations".to_owned()]));
    }
    let tasks: i64 = sqlx::query_scalar("SELECT count(*) FROM task").fetch_one(&pool).await.unwrap();
    assert_eq!(tasks, 0);
    let all = bulk(&backend, &ada, Some("k"), json!(vec![create; MOST])).await;
    assert_eq!(statuses(&all), [201; MOST]);
}

#[sqlx::test(migrations = false)]
async fn without_an_actor_host_each_is_a_503_to_try_again(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    backend.actors.go_down();
    let answer = bulk(&backend, &ada, Some("k"), json!([{ "op": "create", "body": { "title": "x" } }])).await;
    assert_eq!(statuses(&answer), [503]);
}
