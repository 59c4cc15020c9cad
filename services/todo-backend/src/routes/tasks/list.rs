//! `GET /api/v1/tasks`.

use axum::extract::State;
use contracts::api;
use domain::Violation;
use platform::Problem;
use uuid::Uuid;

use crate::{
    app::App,
    caller::Caller,
    openapi::{CallerProblems, ParameterProblems, PassingProblems},
    query::Query,
    saved_filters,
    scope::ReadTasks,
    task_query::{self, Column, CommonParameters, Direction, Filters, ListParameters, Listing, Phase, SORTS},
};

/// A list of tasks: one's own, and those of projects one is a member of.
///
/// All parameters go together. The id follows in the order, so that no two tasks share a place; tasks without a due
/// time come last, whichever way. A page may have fewer items than `limit`, even none, though there are more: read on
/// as long as there is a `next_cursor`. A cursor holds for the same parameters only, but for `limit`.
#[utoipa::path(
    get, path = "/api/v1/tasks", tag = "tasks", security(("access_token" = []), ("api_token" = ["tasks:read"])),
    params(ListParameters, CommonParameters),
    responses(
        (status = 200, description = "A page of tasks", body = api::Page<api::Task>, headers(
            ("Link" = String, description = "The `next` page, if there is one, and the `first` (RFC 8288)"),
        )),
        CallerProblems, PassingProblems, ParameterProblems,
    ),
)]
pub(crate) async fn list_tasks(
    State(app): State<App>,
    caller: Caller<ReadTasks>,
    mut query: Query,
) -> Result<Listing, Problem> {
    saved(&app, &caller, &mut query).await?;
    let filters = Filters::read(&mut query, &caller.zone, app.clock.now());
    let (column, direction) = query.choice("sort", SORTS).unwrap_or((Column::Created, Direction::Down));
    task_query::list(&app, &caller, query, Phase::all(filters, column, direction)).await
}

/// Adds what the `filter` says that is asked for.
async fn saved(app: &App, caller: &Caller<ReadTasks>, query: &mut Query) -> Result<(), Problem> {
    let no_such = || Violation::new("filter", "unknown_filter", "You have no such saved filter.");
    let id = query.parsed("filter", |text| Uuid::try_parse(text).map_err(|_| no_such()));
    let Some(id) = id else { return Ok(()) };
    // It was read when it was saved, so it can be read.
    match saved_filters::find(&app.pool, caller.id, id).await?.map(|filter| Query::parse(&filter.query)) {
        Some(Ok(filter)) => query.fill(filter),
        _ => query.report(no_such()),
    }
    Ok(())
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
        let bad = "/api/v1/tasks?status=some&limit=0&cursor=x&page=2";
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
