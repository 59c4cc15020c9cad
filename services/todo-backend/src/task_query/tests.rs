//! Lists against the same thing said simply: all tasks in memory, filtered and sorted.

mod asked;
mod plans;
mod seeded;

use std::collections::BTreeSet;

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use sqlx::PgPool;
use uuid::Uuid;

use self::seeded::Seeded;
use crate::test_support::{Backend, User};

/// Follows the cursors of a list to its end.
async fn all_pages(backend: &Backend, user: &User, path: &str) -> Vec<Uuid> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = backend.request("GET", &format!("{path}{cursor}")).token(&user.token).send().await;
        assert_eq!(page.status, 200, "{path}{cursor}: {:?}", page.body);
        let items = page.body["items"].as_array().unwrap();
        ids.extend(items.iter().map(|task| task["id"].as_str().unwrap().parse::<Uuid>().unwrap()));
        let Some(next) = page.body["next_cursor"].as_str() else { return ids };
        cursor = format!("&cursor={next}");
    }
}

async fn member(pool: &PgPool, project: Uuid, user: &User, role: &str) {
    sqlx::query("INSERT INTO project_member (project_id, user_id, role) VALUES ($1, $2, $3)")
        .bind(project)
        .bind(user.id)
        .bind(role)
        .execute(pool)
        .await
        .unwrap();
}

fn some<T>(runner: &mut TestRunner, strategy: &impl Strategy<Value = T>) -> T {
    strategy.new_tree(runner).unwrap().current()
}

#[sqlx::test(migrations = false)]
async fn any_filters_in_any_order_give_what_filtering_everything_gives(pool: PgPool) {
    let backend = Backend::new(pool.clone()).await;
    let (ada, bob) = (backend.user("ada@example.org").await, backend.user("bob@example.org").await);
    let mut runner = TestRunner::new(Config::default());
    // She is a member of the first two.
    let projects: Vec<Uuid> = (1..=3).map(Uuid::from_u128).collect();
    for (project, role) in [(projects[0], "owner"), (projects[1], "viewer")] {
        member(&pool, project, &ada, role).await;
    }
    let tasks =
        some(&mut runner, &prop::collection::vec(seeded::task(ada.id, bob.id, projects.clone()), 300));
    let tasks = seeded::with_relations(tasks);
    seeded::insert(&pool, &tasks).await;
    let now = virtual_actors::Clock::now(backend.clock.as_ref());
    let mut found_any = 0;
    for _ in 0..250 {
        let asked = some(
            &mut runner,
            &asked::asked(tasks.iter().map(|task| task.id).take(3).collect(), projects.clone()),
        );
        let expected = asked.answer(&tasks, ada.id, &projects[..2], now);
        let path = format!("/api/v1/tasks?{}&limit=7", asked.query());
        assert_eq!(all_pages(&backend, &ada, &path).await, expected, "{path}");
        found_any += usize::from(!expected.is_empty());
    }
    assert!(found_any > 50, "{found_any}: the filters are too narrow to tell anything");
}

#[sqlx::test(migrations = false)]
async fn pages_hold_each_task_once_while_others_come_and_go(pool: PgPool) {
    let backend = Backend::new(pool.clone()).await;
    let ada = backend.user("ada@example.org").await;
    let mut runner = TestRunner::new(Config::default());
    for sort in ["created", "-created", "due", "-due", "priority", "-priority", "title", "-title", "position"]
    {
        sqlx::query("DELETE FROM task").execute(&pool).await.unwrap();
        let mut strategy = || some(&mut runner, &seeded::task(ada.id, ada.id, Vec::new())).open();
        let there: Vec<Seeded> = (0..60).map(|_| strategy()).collect();
        seeded::insert(&pool, &there).await;
        let path = format!("/api/v1/tasks?sort={sort}&limit=9");
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let answer = backend.request("GET", &format!("{path}{cursor}")).token(&ada.token).send().await;
            let items = answer.body["items"].as_array().unwrap();
            seen.extend(items.iter().map(|task| task["id"].as_str().unwrap().parse::<Uuid>().unwrap()));
            let Some(next) = answer.body["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
            // Anywhere in the order, also at places that were read already.
            let fresh: Vec<Seeded> = (0..5).map(|_| strategy()).collect();
            seeded::insert(&pool, &fresh).await;
            sqlx::query("DELETE FROM task WHERE id = $1")
                .bind(fresh[0].id.to_string())
                .execute(&pool)
                .await
                .unwrap();
        }
        let once: BTreeSet<_> = seen.iter().copied().collect();
        assert_eq!(once.len(), seen.len(), "{sort}: none twice");
        assert!(there.iter().all(|task| once.contains(&task.id)), "{sort}: each that was there all the time");
    }
}

#[sqlx::test(migrations = false)]
async fn a_cursor_holds_for_its_own_list(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    for title in ["a", "b", "c"] {
        ada.create(&backend, title).await;
    }
    let get = async |path: &str| backend.request("GET", path).token(&ada.token).send().await;
    let first = get("/api/v1/tasks?sort=title&limit=1&status=open").await;
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let links = first.headers["link"].to_str().unwrap();
    let list = "/api/v1/tasks?sort=title&limit=1&status=open";
    assert_eq!(links, format!("<{list}&cursor={cursor}>; rel=\"next\", <{list}>; rel=\"first\""));

    let again = get(&format!("/api/v1/tasks?cursor={cursor}&status=open&sort=title&limit=2")).await;
    assert_eq!(again.status, 200, "another page size and another order of the parameters are the same list");
    assert_eq!(again.body["items"].as_array().unwrap().len(), 2);
    assert!(again.headers["link"].to_str().unwrap().contains("rel=\"first\""));
    assert!(!again.headers["link"].to_str().unwrap().contains("rel=\"next\""));
    for other in ["status=open", "sort=-title&status=open", "sort=title&status=open&q=a"] {
        let answer = get(&format!("/api/v1/tasks?{other}&cursor={cursor}")).await;
        assert_eq!((answer.status, answer.fields()), (422, vec!["cursor".to_owned()]), "{other}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_search_finds_words_by_their_beginnings_and_cannot_be_led_astray(pool: PgPool) {
    let backend = Backend::new(pool.clone()).await;
    let ada = backend.user("ada@example.org").await;
    for title in ["Café Müller: book a table", "pay the rent", "rent-free flat", "o'b\\' | x"] {
        ada.create(&backend, title).await;
    }
    let found = async |q: &str| {
        let q: String = q.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let answer =
            backend.request("GET", &format!("/api/v1/tasks?q={q}&sort=title")).token(&ada.token).send().await;
        assert_eq!(answer.status, 200, "{q}: {:?}", answer.body);
        let items = answer.body["items"].as_array().unwrap().clone();
        items.into_iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("cafe mul").await, ["Café Müller: book a table"]);
    assert_eq!(found("MÜLLER").await, ["Café Müller: book a table"]);
    assert_eq!(found("ren").await, ["pay the rent", "rent-free flat"]);
    assert_eq!(found("rent -flat").await, ["pay the rent"]);
    assert_eq!(found("\"the rent\"").await, ["pay the rent"]);
    assert_eq!(found("\"rent the\"").await, Vec::<String>::new());
    // A comment is searched with its task: by words that are all in it, or all in the task.
    let rent: Uuid = sqlx::query_scalar("SELECT id::uuid FROM task WHERE state ->> 'title' = 'pay the rent'")
        .fetch_one(&pool)
        .await
        .unwrap();
    sqlx::query(
        "INSERT INTO task_comment (id, task_id, author, text, created_at)
         VALUES ($1, $1, $2, 'Ask the Landlady about the elevator', now())",
    )
    .bind(rent)
    .bind(ada.id)
    .execute(&pool)
    .await
    .unwrap();
    assert_eq!(found("landl elevator").await, ["pay the rent"]);
    assert_eq!(found("\"the landlady\"").await, ["pay the rent"]);
    assert_eq!(found("\"the elevator landlady\"").await, Vec::<String>::new());
    assert_eq!(found("rent landlady").await, Vec::<String>::new());
    assert_eq!(found("rent -landlady").await, ["rent-free flat"]);
    assert_eq!(found("o'b\\'").await, ["o'b\\' | x"]);
    for hostile in
        ["a' | 'b", "x:*", "!x & (y", "\\", "a\\'b", "%'; DROP TABLE task; --", "<-> 1", "''1'':A*"]
    {
        if hostile.chars().any(char::is_alphanumeric) {
            found(hostile).await;
        }
    }
}

#[sqlx::test(migrations = false)]
async fn bad_parameters_are_all_named(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    for (query, field) in [
        ("status=deleted", "status"),
        ("project=x", "project"),
        ("parent=00000000000070008000000000000001", "parent"),
        ("tag=", "tag"),
        ("tag=a,,b", "tag"),
        ("tag_all=a&tag_all=b", "tag_all"),
        ("tag_none=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21", "tag_none"),
        ("priority=highest", "priority"),
        ("priority_min=5", "priority_min"),
        ("due_from=2026-1-5", "due_from"),
        ("due_to=2026-02-30", "due_to"),
        ("due_to=9999-12-31", "due_to"),
        ("created_from=2026-07-01T08:00:00", "created_from"),
        ("created_to=1969-12-31T23:59:59Z", "created_to"),
        ("start_to=2026-07-01T08:00:00Z", "start_to"),
        ("overdue=1", "overdue"),
        ("has_recurrence=yes", "has_recurrence"),
        ("blocked=", "blocked"),
        ("q=", "q"),
        ("q=%00a", "q"),
        ("sort=updated", "sort"),
        ("sort=-", "sort"),
    ] {
        let answer = backend.request("GET", &format!("/api/v1/tasks?{query}")).token(&ada.token).send().await;
        assert_eq!((answer.status, answer.fields()), (422, vec![field.to_owned()]), "{query}");
    }
}

#[sqlx::test(migrations = false)]
async fn the_database_and_the_domain_agree_when_a_task_is_due(pool: PgPool) {
    Backend::new(pool.clone()).await;
    let person = domain::UserZone::new(domain::Zone::parse("Pacific/Auckland").unwrap(), 1);
    for due in [
        r#"{"date":"2026-12-01"}"#,
        r#"{"at":"2026-12-01T09:00:00","zone":"Europe/Berlin"}"#,
        // Skipped, and there twice: in zones that turn by an hour, and by half of one.
        r#"{"at":"2026-03-29T02:30:00","zone":"Europe/Berlin"}"#,
        r#"{"at":"2026-10-25T02:30:00","zone":"Europe/Berlin"}"#,
        r#"{"at":"2026-10-25T02:00:00","zone":"Europe/Berlin"}"#,
        r#"{"at":"2026-10-25T03:00:00","zone":"Europe/Berlin"}"#,
        r#"{"at":"2026-11-01T01:30:00","zone":"America/New_York"}"#,
        r#"{"at":"2026-04-05T01:45:00","zone":"Australia/Lord_Howe"}"#,
        r#"{"at":"2026-10-04T02:15:00","zone":"Australia/Lord_Howe"}"#,
    ] {
        let instant: Option<chrono::DateTime<chrono::Utc>> =
            sqlx::query_scalar("SELECT due_instant($1::jsonb, $2::jsonb)")
                .bind(due)
                .bind(serde_json::to_string(&person).unwrap())
                .fetch_one(&pool)
                .await
                .unwrap();
        let due: domain::Due = serde_json::from_str(due).unwrap();
        assert_eq!(instant, Some(due.instant(&person)), "{due:?}");
    }
    let unknown: Option<chrono::DateTime<chrono::Utc>> = sqlx::query_scalar(
        r#"SELECT due_instant('{"at":"2026-12-01T09:00:00","zone":"Mars/Base"}', '{"zone":"UTC"}')"#,
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(unknown.is_some(), "a zone the database does not know keeps no task from being committed");
}

/// As many lists as a person can have, and as many words and tags as can be asked for.
#[sqlx::test(migrations = false)]
async fn the_longest_search_in_the_most_projects_is_answered(pool: PgPool) {
    let backend = Backend::new(pool.clone()).await;
    let ada = backend.user("ada@example.org").await;
    for project in 1..=200 {
        member(&pool, Uuid::from_u128(project), &ada, "viewer").await;
    }
    let get = async |query: String| {
        backend.request("GET", &format!("/api/v1/tasks?status=all&{query}")).token(&ada.token).send().await
    };
    let tags: Vec<_> = (10..30).map(|n| format!("{}{n}", "x".repeat(48))).collect();
    let tags = tags.join(",");
    let tags = format!("tag={tags}&tag_all={tags}&tag_none={tags}");
    let words = "ab%20".repeat(60);
    for query in [
        format!("{tags}&q={words}"),
        tags.clone(),
        format!("q={words}"),
        format!("{tags}&q=x&project={}", Uuid::from_u128(1)),
    ] {
        let answer = get(query).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}
