//! Whatever stops in between, in the end nothing that the person wrote is left, and everything of others is.

use std::{future::poll_fn, pin::pin, task::Poll};

use platform::worker::Work;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::Deletions;
use crate::test_support::{Answer, Backend, PASSWORD, User};

/// Stands in everything the person writes.
const THEIRS: &str = "Xylophone";
/// Stands in everything somebody else writes.
const OTHERS: &str = "Quokka";

async fn send(backend: &Backend, user: &User, method: &'static str, path: &str, body: Value) -> Answer {
    let request = backend.request(method, path).token(&user.token).json(body);
    // Under a key the answer is remembered.
    let answer = request.header("idempotency-key", format!("\"{}\"", backend.app.ids.next_id())).send().await;
    assert!((200..300).contains(&answer.status), "{method} {path}: {}", answer.text);
    answer
}

async fn post(backend: &Backend, user: &User, path: &str, body: Value) -> Value {
    send(backend, user, "POST", path, body).await.body
}

/// What the relays and subscribers do: events become history, messages go to series.
async fn hand_over(backend: &Backend) {
    let pool = &backend.app.pool;
    sqlx::query(
        "INSERT INTO audit.entry (event_id, topic, type, task_id, project_id, user_id, at, data)
         SELECT event_id, topic, body ->> 'type', (body -> 'data' ->> 'task_id')::uuid,
             (body -> 'data' ->> 'project_id')::uuid, (body -> 'data' ->> 'user_id')::uuid, now(), CASE WHEN EXISTS (
                 SELECT FROM app_user WHERE id::text = body -> 'data' ->> 'user_id' AND deleted_at IS NOT NULL
             ) THEN audit.without_content(body -> 'data') ELSE body -> 'data' END
         FROM actor_outbox WHERE destination = 'topic' ON CONFLICT DO NOTHING",
    )
    .execute(pool)
    .await
    .unwrap();
    let told: Vec<(String, String, Value)> = sqlx::query_as(
        "SELECT actor_id, method, body FROM actor_outbox WHERE actor_type = 'Recurrence' ORDER BY seq",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    for (series, method, message) in told {
        backend.actors.tell_series(&series, &method, message).await;
    }
    sqlx::query("DELETE FROM actor_outbox").execute(pool).await.unwrap();
}

/// Where a word stands, in any table of ours, and in how many rows.
async fn found(pool: &PgPool, word: &str) -> Vec<(String, i64)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables
         WHERE table_schema IN ('public', 'audit') AND table_type = 'BASE TABLE' ORDER BY 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert!(tables.len() > 25, "{tables:?}");
    let mut found = Vec::new();
    for table in tables {
        let sql = format!("SELECT count(*) FROM {table} AS t WHERE t::text ILIKE '%' || $1 || '%'");
        let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(word).fetch_one(pool).await.unwrap();
        if rows > 0 {
            found.push((table, rows));
        }
    }
    found
}

async fn write_everything(backend: &Backend, user: &User, word: &str) -> (String, Uuid) {
    let project = post(backend, user, "/api/v1/projects", json!({"name": word, "colour": "#1e90ff"})).await;
    let project: Uuid = project["id"].as_str().unwrap().parse().unwrap();
    let task = post(
        backend,
        user,
        "/api/v1/tasks",
        json!({
            "title": word, "notes": word, "tags": [word], "project_id": project,
            "due": {"at": "2026-12-01T09:00:00"}, "reminders": [{"before": "PT1H"}],
        }),
    )
    .await;
    let path = format!("/api/v1/tasks/{}", task["id"].as_str().unwrap());
    post(
        backend,
        user,
        "/api/v1/tasks",
        json!({"title": word, "parent_id": task["id"], "project_id": project}),
    )
    .await;
    post(
        backend,
        user,
        "/api/v1/tasks",
        json!({
            "title": word, "due": {"date": "2026-12-01"}, "recurrence": {"rrule": "FREQ=DAILY"},
        }),
    )
    .await;
    let trashed = user.create(backend, word).await;
    send(backend, user, "DELETE", &trashed, json!({})).await;
    post(backend, user, &format!("{path}/comments"), json!({"text": word})).await;
    post(backend, user, "/api/v1/filters", json!({"name": word, "query": format!("q={word}")})).await;
    post(backend, user, "/api/v1/me/tokens", json!({"name": word, "scopes": ["tasks:read"]})).await;
    // As other services write them.
    sqlx::query(
        "WITH told AS (
             INSERT INTO notification
                 (id, user_id, kind, task_id, reminder_id, generation, title, due_at, fired_at, late_ms)
             VALUES (gen_random_uuid(), $1, 'reminder', gen_random_uuid(), gen_random_uuid(), 1, $2, now(), now(), 0)
             RETURNING id
         ), delivered AS (
             INSERT INTO delivery (id, notification_id, channel, last_error)
             SELECT gen_random_uuid(), id, 'email', $2 FROM told
         ), heard AS (
             INSERT INTO dead_letter (app, event_id, event)
             VALUES ('audit-service', gen_random_uuid(), format('{\"data\":{\"user_id\": \"%s\", \"title\": \"%s\"}}', $1, $2))
         ), head AS (
             INSERT INTO user_event_head (user_id, last) VALUES ($1, 1) RETURNING user_id
         )
         INSERT INTO user_event (user_id, seq, event_id, kind, data)
         SELECT user_id, 1, gen_random_uuid(), 'task.created', jsonb_build_object('x', $2) FROM head",
    )
    .bind(user.id)
    .bind(word)
    .execute(&backend.app.pool)
    .await
    .unwrap();
    (path, project)
}

/// Two people who have everything twice: each in their own, and the first also in what is the second's.
async fn two_people(backend: &Backend) -> (User, User, Uuid) {
    let ada = backend.register(&format!("{THEIRS}@example.org")).await;
    let bob = backend.register(&format!("{OTHERS}@example.org")).await;
    write_everything(backend, &ada, THEIRS).await;
    let (bobs_task, shared) = write_everything(backend, &bob, OTHERS).await;
    let member = json!({"email": format!("{THEIRS}@example.org"), "role": "editor"});
    post(backend, &bob, &format!("/api/v1/projects/{shared}/members"), member).await;
    post(backend, &ada, &format!("{bobs_task}/comments"), json!({"text": THEIRS})).await;
    // A subtask of Bob's under a task of Ada's, in Bob's project.
    let parent = post(backend, &ada, "/api/v1/tasks", json!({"title": THEIRS, "project_id": shared})).await;
    let child = json!({"title": OTHERS, "parent_id": parent["id"], "project_id": shared});
    post(backend, &bob, "/api/v1/tasks", child).await;
    // What Bob made in a project of Ada's: on its own, below that, below a task of hers, and in the trash.
    let hers = post(backend, &ada, "/api/v1/projects", json!({"name": THEIRS})).await;
    let member = json!({"email": format!("{OTHERS}@example.org"), "role": "editor"});
    let hers = hers["id"].as_str().unwrap();
    post(backend, &ada, &format!("/api/v1/projects/{hers}/members"), member).await;
    let above = post(backend, &ada, "/api/v1/tasks", json!({"title": THEIRS, "project_id": hers})).await;
    let own = post(backend, &bob, "/api/v1/tasks", json!({"title": OTHERS, "project_id": hers})).await;
    for parent in [&own, &above] {
        let child = json!({"title": OTHERS, "parent_id": parent["id"], "project_id": hers});
        post(backend, &bob, "/api/v1/tasks", child).await;
    }
    let trashed = post(backend, &bob, "/api/v1/tasks", json!({"title": OTHERS, "project_id": hers})).await;
    let trashed = format!("/api/v1/tasks/{}", trashed["id"].as_str().unwrap());
    send(backend, &bob, "DELETE", &trashed, json!({})).await;
    hand_over(backend).await;
    (ada, bob, shared)
}

async fn delete(backend: &Backend, user: &User) {
    send(backend, user, "DELETE", "/api/v1/me", json!({"password": PASSWORD})).await;
}

/// As if every lease and pause had ended.
async fn later(pool: &PgPool) {
    sqlx::query("UPDATE account_deletion SET due_at = now()").execute(pool).await.unwrap();
}

async fn left(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM account_deletion").fetch_one(pool).await.unwrap()
}

/// Where it is: the round and its step.
async fn step(pool: &PgPool) -> Option<(i32, String)> {
    sqlx::query_as("SELECT round, step FROM account_deletion").fetch_optional(pool).await.unwrap()
}

/// Works to the end, each time as a process that has just started.
async fn work(backend: &Backend) {
    for _ in 0..200 {
        if left(&backend.app.pool).await == 0 {
            return;
        }
        later(&backend.app.pool).await;
        Deletions(backend.app.clone()).work_once().await.unwrap();
        hand_over(backend).await;
    }
    panic!("it does not end");
}

/// Works until it has waited so often, and dies there; whether it did.
async fn dies_after(backend: &Backend, waits: usize) -> bool {
    let deletions = Deletions(backend.app.clone());
    let mut working = pin!(deletions.work_once());
    let mut waited = 0;
    poll_fn(|context| match working.as_mut().poll(context) {
        Poll::Ready(worked) => Poll::Ready(worked.map(|_| false).unwrap()),
        Poll::Pending if waited == waits => Poll::Ready(true),
        Poll::Pending => {
            waited += 1;
            Poll::Pending
        }
    })
    .await
}

async fn of_bob(backend: &Backend, bob: &User, shared: Uuid) {
    let titles = async |path: &str| {
        let page = backend.request("GET", path).token(&bob.token).send().await;
        let items = page.body["items"].as_array().unwrap().clone();
        assert!(items.iter().all(|task| task["title"] == OTHERS), "{}", page.text);
        items
    };
    let tasks = titles("/api/v1/tasks").await;
    assert_eq!(tasks.len(), 7, "{tasks:?}");
    let projects = tasks.iter().filter_map(|task| task["project_id"].as_str());
    assert!(
        projects.clone().all(|project| project == shared.to_string()),
        "Ada's is gone, with no task of Bob's"
    );
    assert_eq!(projects.count(), 3);
    assert_eq!(
        tasks.iter().filter(|task| !task["parent_id"].is_null()).count(),
        2,
        "each below another of Bob's"
    );
    assert_eq!(titles("/api/v1/trash").await.len(), 2);
    let members =
        backend.request("GET", &format!("/api/v1/projects/{shared}/members")).token(&bob.token).send().await;
    assert_eq!(members.body["items"].as_array().unwrap().len(), 1, "{}", members.text);
}

#[sqlx::test(migrations = false)]
async fn nothing_of_theirs_is_left_and_everything_of_others(pool: PgPool) {
    let backend = Backend::new(pool.clone()).await;
    let (ada, bob, shared) = two_people(&backend).await;
    let (theirs, others) = (found(&pool, THEIRS).await, found(&pool, OTHERS).await);
    for table in [
        "actor_command",
        "app_user",
        "account_mail",
        "api_token",
        "audit.entry",
        "dead_letter",
        "delivery",
        "notification",
        "project",
        "recurrence",
        "reminder",
        "saved_filter",
        "task",
        "task_comment",
        "user_event",
    ] {
        assert!(
            theirs.iter().any(|(name, _)| name.ends_with(table)),
            "nothing of theirs is in {table}: {theirs:?}"
        );
    }

    delete(&backend, &ada).await;
    work(&backend).await;

    assert_eq!(found(&pool, THEIRS).await, []);
    // Only in more rows: what happened to Bob's tasks since.
    for (table, rows) in others {
        let still = found(&pool, OTHERS).await.into_iter().find(|(name, _)| *name == table);
        assert!(still.as_ref().is_some_and(|(_, still)| *still >= rows), "{table}: {rows}, now {still:?}");
    }
    of_bob(&backend, &bob, shared).await;
    let state = crate::sessions::list(&backend.app, domain::UserId(ada.id)).await.unwrap_or_default();
    assert!(state.is_empty());
    let row: (String, String) = sqlx::query_as("SELECT email, time_zone FROM app_user WHERE id = $1")
        .bind(ada.id)
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(row, (format!("deleted:{}", ada.id), "UTC".to_owned()));
    let history = "SELECT count(*) FROM audit.entry WHERE user_id = $1 AND data ? 'task_id'";
    let history: i64 = sqlx::query_scalar(history).bind(ada.id).fetch_one(&pool).await.unwrap();
    assert!(history > 5, "that something happened stays: {history}");
}

#[sqlx::test(migrations = false)]
async fn it_may_die_anywhere_and_goes_on(pool: PgPool) {
    let backend = Backend::new(pool.clone()).await;
    let (ada, bob, shared) = two_people(&backend).await;
    delete(&backend, &ada).await;
    let (mut at, mut steps, mut deaths) = (None, 0, 0);
    // In each step, each time a little later in what is to be done, until it gets through.
    let mut waits = 0;
    for _ in 0..400 {
        let Some(now) = step(&pool).await else { break };
        if at.as_ref() != Some(&now) {
            (at, waits) = (Some(now), 0);
            steps += 1;
        }
        later(&pool).await;
        deaths += usize::from(dies_after(&backend, waits).await);
        hand_over(&backend).await;
        waits += 1;
    }
    assert!(steps >= 8 && deaths >= steps, "{deaths} deaths in {steps} steps");
    work(&backend).await;
    assert_eq!(found(&pool, THEIRS).await, []);
    of_bob(&backend, &bob, shared).await;
}

#[sqlx::test(migrations = false)]
async fn while_actors_are_away_it_waits(pool: PgPool) {
    let backend = Backend::new(pool.clone()).await;
    let (ada, _, _) = two_people(&backend).await;
    delete(&backend, &ada).await;
    backend.actors.go_down();
    for _ in 0..5 {
        later(&pool).await;
        Deletions(backend.app.clone()).work_once().await.unwrap();
    }
    assert_eq!(left(&pool).await, 1);
    assert!(found(&pool, THEIRS).await.iter().any(|(table, _)| table.ends_with("task")));
    backend.actors.come_back();
    work(&backend).await;
    assert_eq!(found(&pool, THEIRS).await, []);
}

#[sqlx::test(migrations = false)]
async fn a_command_that_was_under_way_is_gone_after_the_second_round(pool: PgPool) {
    let backend = Backend::new(pool.clone()).await;
    let (ada, _, _) = two_people(&backend).await;
    let owner = domain::UserId(ada.id);
    delete(&backend, &ada).await;
    // A whole round, and a request that read the account before all that.
    while Deletions(backend.app.clone()).work_once().await.unwrap() > 0 {}
    hand_over(&backend).await;
    let late = contracts::task::CreateTask {
        owner,
        title: domain::Title::parse(THEIRS).unwrap(),
        notes: Default::default(),
        priority: Default::default(),
        tags: Default::default(),
        due: None,
        planning: Default::default(),
        reminders: Vec::new(),
        zone: domain::UserZone::new(domain::Zone::UTC, 1),
        series: None,
    };
    let ids = &backend.app.ids;
    let (id, command) = (domain::TaskId(ids.next_id()), virtual_actors::CommandId(ids.next_id()));
    crate::commands::send(&backend.app, id, command, &late).await.unwrap();
    hand_over(&backend).await;
    assert_ne!(found(&pool, THEIRS).await, []);
    work(&backend).await;
    assert_eq!(found(&pool, THEIRS).await, []);
}
