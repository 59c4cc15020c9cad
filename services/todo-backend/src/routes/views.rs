//! `GET /api/v1/views/{today|upcoming|overdue}`: what a person wants to see most days, in their zone.

use axum::extract::State;
use chrono::Days;
use contracts::api;
use domain::Violation;
use platform::Problem;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    caller::Caller,
    openapi::{CallerProblems, ParameterProblems, PassingProblems},
    query::Query,
    scope::ReadTasks,
    task_query::{self, Bound, Column, CommonParameters, Direction, Filters, Listing, Phase, today},
};

const DAYS: u64 = 7;
const MOST_DAYS: u64 = 366;

pub(super) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(view_today))
        .routes(routes!(view_upcoming))
        .routes(routes!(view_overdue))
}

/// Open tasks that are due today or overdue, by when they are due; then those that start today.
#[utoipa::path(
    get, path = "/api/v1/views/today", tag = "tasks", security(("access_token" = []), ("api_token" = ["tasks:read"])),
    params(CommonParameters),
    responses(
        (status = 200, description = "A page of tasks", body = api::Page<api::Task>, headers(
            ("Link" = String, description = "The `next` page, if there is one, and the `first` (RFC 8288)"),
        )),
        CallerProblems, PassingProblems, ParameterProblems,
    ),
)]
async fn view_today(
    State(app): State<App>,
    caller: Caller<ReadTasks>,
    mut query: Query,
) -> Result<Listing, Problem> {
    let today = today(app.clock.now(), &caller.zone);
    let tomorrow = Bound::day(today + Days::new(1), &caller.zone);
    let filters = Filters::read_common(&mut query, &caller.zone);
    let starting = Filters {
        start_from: Some(today),
        start_to: Some(today),
        open_not_due_before: Some(tomorrow),
        ..filters.clone()
    };
    let due = Filters { due_before: vec![tomorrow], ..filters };
    let phases = [(due, Column::Due), (starting, Column::Start)];
    let phases = phases.into_iter().flat_map(|(filters, column)| Phase::all(filters, column, Direction::Up));
    task_query::list(&app, &caller, query, phases.collect()).await
}

/// Open tasks that are due from tomorrow on, by when they are due.
#[utoipa::path(
    get, path = "/api/v1/views/upcoming", tag = "tasks", security(("access_token" = []), ("api_token" = ["tasks:read"])),
    params(
        ("days" = Option<u32>, Query, description = "How many days, 7 unless given", minimum = 1, maximum = 366),
        CommonParameters,
    ),
    responses(
        (status = 200, description = "A page of tasks", body = api::Page<api::Task>, headers(
            ("Link" = String, description = "The `next` page, if there is one, and the `first` (RFC 8288)"),
        )),
        CallerProblems, PassingProblems, ParameterProblems,
    ),
)]
async fn view_upcoming(
    State(app): State<App>,
    caller: Caller<ReadTasks>,
    mut query: Query,
) -> Result<Listing, Problem> {
    let days = query.parsed("days", |text| {
        let days = text.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days));
        let detail = format!("A number from 1 to {MOST_DAYS}.");
        days.ok_or_else(|| Violation::new("days", "out_of_range", detail))
    });
    let tomorrow = today(app.clock.now(), &caller.zone) + Days::new(1);
    let filters = Filters {
        due_from: vec![Bound::day(tomorrow, &caller.zone)],
        due_before: vec![Bound::day(tomorrow + Days::new(days.unwrap_or(DAYS)), &caller.zone)],
        ..Filters::read_common(&mut query, &caller.zone)
    };
    task_query::list(&app, &caller, query, Phase::all(filters, Column::Due, Direction::Up)).await
}

/// Open tasks whose time, or whose day, is past; the longest overdue first.
#[utoipa::path(
    get, path = "/api/v1/views/overdue", tag = "tasks", security(("access_token" = []), ("api_token" = ["tasks:read"])),
    params(CommonParameters),
    responses(
        (status = 200, description = "A page of tasks", body = api::Page<api::Task>, headers(
            ("Link" = String, description = "The `next` page, if there is one, and the `first` (RFC 8288)"),
        )),
        CallerProblems, PassingProblems, ParameterProblems,
    ),
)]
async fn view_overdue(
    State(app): State<App>,
    caller: Caller<ReadTasks>,
    mut query: Query,
) -> Result<Listing, Problem> {
    let filters = Filters {
        due_before: vec![Bound::now(app.clock.now(), &caller.zone)],
        ..Filters::read_common(&mut query, &caller.zone)
    };
    task_query::list(&app, &caller, query, Phase::all(filters, Column::Due, Direction::Up)).await
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use sqlx::PgPool;

    use crate::test_support::{Backend, User};

    /// It is ten o'clock on the first of July, in Berlin.
    async fn with_tasks(pool: PgPool) -> (Backend, User) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let at = |at: &str, zone: &str| json!({"at": at, "zone": zone});
        for (title, due, start) in [
            ("last week", json!({"date": "2026-06-24"}), Value::Null),
            ("an hour ago", at("2026-07-01T09:00:00", "Europe/Berlin"), Value::Null),
            ("today", json!({"date": "2026-07-01"}), Value::Null),
            ("tonight", at("2026-07-01T23:30:00", "Europe/Berlin"), json!("2026-07-01")),
            ("tonight in New York", at("2026-07-01T23:30:00", "America/New_York"), Value::Null),
            ("in a week", json!({"date": "2026-07-08"}), json!("2026-07-01")),
            ("in nine days", json!({"date": "2026-07-10"}), Value::Null),
            ("some day, from today", Value::Null, json!("2026-07-01")),
            ("some day, from tomorrow", Value::Null, json!("2026-07-02")),
            ("some day", Value::Null, Value::Null),
        ] {
            let body = json!({"title": title, "due": due, "start": start, "tags": ["x"]});
            let request = backend.request("POST", "/api/v1/tasks").token(&ada.token).json(body);
            assert_eq!(request.send().await.status, 201, "{title}");
        }
        let done = ada.create(&backend, "done").await;
        let due = json!({"due": {"date": "2026-07-01"}});
        assert_eq!(backend.request("PATCH", &done).token(&ada.token).json(due).send().await.status, 200);
        backend.request("POST", &format!("{done}/complete")).token(&ada.token).send().await;
        (backend, ada)
    }

    async fn titles(backend: &Backend, user: &User, view: &str) -> Vec<String> {
        let (mut titles, mut path) = (Vec::new(), format!("/api/v1/views/{view}"));
        loop {
            let page = backend.request("GET", &path).token(&user.token).send().await;
            assert_eq!(page.status, 200, "{path}: {:?}", page.body);
            let items = page.body["items"].as_array().unwrap();
            titles.extend(items.iter().map(|task| task["title"].as_str().unwrap().to_owned()));
            // As a client follows it that knows nothing but the header.
            let links = page.headers["link"].to_str().unwrap().to_owned();
            let Some(next) = links.split(", ").find(|link| link.ends_with("rel=\"next\"")) else {
                return titles;
            };
            path = next[1..next.find('>').unwrap()].to_owned();
        }
    }

    #[sqlx::test(migrations = false)]
    async fn each_view_has_what_a_person_looks_for_there(pool: PgPool) {
        let (backend, ada) = with_tasks(pool).await;
        let today = ["last week", "an hour ago", "today", "tonight", "some day, from today", "in a week"];
        let mut shown = titles(&backend, &ada, "today").await;
        // Those that start today have no further order.
        shown[4..].sort_by_key(|title| title == "in a week");
        assert_eq!(shown, today);
        let mut in_pages = titles(&backend, &ada, "today?limit=1&tag=x").await;
        in_pages[4..].sort_by_key(|title| title == "in a week");
        assert_eq!(in_pages, today);
        assert_eq!(titles(&backend, &ada, "overdue").await, ["last week", "an hour ago"]);
        assert_eq!(titles(&backend, &ada, "upcoming").await, ["tonight in New York", "in a week"]);
        assert_eq!(titles(&backend, &ada, "upcoming?days=9&q=nine").await, ["in nine days"]);
    }

    #[sqlx::test(migrations = false)]
    async fn a_view_says_itself_when_its_tasks_are_due(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        for (query, field) in [
            ("today?due_to=2026-07-01", "due_to"),
            ("overdue?status=done", "status"),
            ("overdue?sort=due", "sort"),
            ("upcoming?days=0", "days"),
            ("upcoming?days=367", "days"),
            ("today?days=7", "days"),
        ] {
            let path = format!("/api/v1/views/{query}");
            let answer = backend.request("GET", &path).token(&ada.token).send().await;
            assert_eq!((answer.status, answer.fields()), (422, vec![field.to_owned()]), "{query}");
        }
    }
}
