//! `GET /api/v1/tasks`.

use axum::extract::State;
use contracts::api;
use platform::{Json, Problem};

use crate::{
    app::App,
    caller::Caller,
    cursor::Cursor,
    openapi::{CallerProblems, ParameterProblems, PassingProblems},
    query::Query,
    scope::ReadTasks,
    tasks,
};

/// The open or the done tasks, newest first.
#[utoipa::path(
    get, path = "/api/v1/tasks", tag = "tasks", security(("access_token" = []), ("api_token" = ["tasks:read"])),
    params(
        ("status" = Option<api::Status>, Query, description = "`open` unless given"),
        ("limit" = Option<u32>, Query, description = "How many, 50 unless given", minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of tasks", body = api::Page<api::Task>), CallerProblems, PassingProblems, ParameterProblems),
)]
pub(crate) async fn list_tasks(
    State(app): State<App>,
    caller: Caller<ReadTasks>,
    mut query: Query,
) -> Result<Json<api::Page<api::Task>>, Problem> {
    let done = query.choice("status", &[("open", false), ("done", true)]).unwrap_or(false);
    let (limit, after) = (query.limit(), query.cursor());
    query.finish()?;
    let found = tasks::list(&app.pool, caller.id, done, after, limit as i64 + 1).await?;
    let shown: Vec<api::Task> = found.iter().map(api::Task::from).collect();
    Ok(Json(api::Page::of(shown, limit, |task| Cursor { at: task.created_at, id: task.id }.encode())))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sqlx::PgPool;

    use crate::test_support::Backend;

    #[sqlx::test(migrations = false)]
    async fn pages_hold_every_task_once_newest_first(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        for i in 0..7 {
            // Some in the same instant, with ids that are in no order.
            if i % 3 == 0 {
                backend.clock.advance(chrono::TimeDelta::microseconds(100_500));
            }
            let request = backend.request("POST", "/api/v1/tasks").token(&ada.token);
            let key = i.to_string();
            let body = serde_json::json!({"title": i.to_string()});
            assert_eq!(request.header("idempotency-key", &key).json(body).send().await.status, 201);
        }
        let (mut titles, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = backend
                .request("GET", &format!("/api/v1/tasks?limit=2{cursor}"))
                .token(&ada.token)
                .send()
                .await;
            assert_eq!(page.status, 200);
            let items = page.body["items"].as_array().unwrap();
            assert!((1..=2).contains(&items.len()));
            titles.extend(items.iter().map(|task| task["title"].as_str().unwrap().to_owned()));
            let Some(next) = page.body["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(titles.len(), 7);
        assert_eq!(titles[0], "6");
        let middle: BTreeSet<_> = titles[1..4].iter().map(String::as_str).collect();
        assert_eq!(middle, BTreeSet::from(["3", "4", "5"]));
    }

    #[sqlx::test(migrations = false)]
    async fn open_done_and_deleted_are_apart(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let (done, deleted) = (ada.create(&backend, "done").await, ada.create(&backend, "deleted").await);
        ada.create(&backend, "open").await;
        backend.request("POST", &format!("{done}/complete")).token(&ada.token).send().await;
        backend.request("DELETE", &deleted).token(&ada.token).send().await;
        let titles = async |query: &str| {
            let page =
                backend.request("GET", &format!("/api/v1/tasks{query}")).token(&ada.token).send().await;
            let items = page.body["items"].as_array().unwrap().clone();
            items.into_iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(titles("").await, ["open"]);
        assert_eq!(titles("?status=done&limit=200").await, ["done"]);
    }

    #[sqlx::test(migrations = false)]
    async fn parameters_that_make_no_sense_are_all_named(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let bad = "/api/v1/tasks?status=all&limit=0&cursor=x&page=2";
        let answer = backend.request("GET", bad).token(&ada.token).send().await;
        assert_eq!(answer.status, 422);
        assert_eq!(answer.fields(), ["status", "limit", "cursor", "page"]);
        for query in [
            "limit=201",
            "limit=-1",
            "limit=ten",
            "limit=1&limit=2",
            "cursor=",
            "status=",
            "%00=%ff",
            "x[]=1",
        ] {
            let path = format!("/api/v1/tasks?{query}");
            assert_eq!(backend.request("GET", &path).token(&ada.token).send().await.status, 422, "{query}");
        }
    }
}
