//! Every endpoint, and the documents that describe them.

mod auth;
#[cfg(test)]
mod bad_input;
mod calendar;
mod comments;
mod events;
mod exchange;
mod filters;
mod internal;
mod jobs;
mod me;
mod notifications;
mod projects;
mod recurrences;
#[cfg(test)]
mod retries;
mod tags;
mod tasks;
mod trash;
mod views;
#[cfg(test)]
mod what_tokens_may;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    response::Redirect,
    routing::{get, options},
};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::SwaggerUi;

pub(crate) use self::jobs::check_reminders::keep_sweeping;
use crate::{
    app::App,
    openapi::{self, Document},
    problems, rate_limits,
};

const BODY_LIMIT: usize = 256 * 1024;

/// The whole service but its health and metrics.
pub(crate) fn router(app: App) -> Router {
    let (routes, document) = described();
    routes
        .route("/", get(async || Redirect::temporary("/api/docs/")))
        // daprd asks for it before it binds a schedule to a path.
        .route("/api/jobs/check-reminders", options(async || ""))
        .route("/api/jobs/check-recurrences", options(async || ""))
        .route("/api/jobs/daily-cleanup", options(async || ""))
        .merge(internal::routes())
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(app.clone(), rate_limits::limit))
        .with_state(app)
        .merge(SwaggerUi::new("/api/docs").url("/api/openapi.json", document))
}

/// The endpoints, and their document.
pub(crate) fn described() -> (Router<App>, utoipa::openapi::OpenApi) {
    let (routes, mut document) = endpoints().split_for_parts();
    openapi::complete(&mut document);
    (routes, document)
}

fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(auth::endpoints())
        .merge(me::endpoints())
        .routes(routes!(tasks::create::create_task, tasks::list::list_tasks))
        .routes(routes!(tasks::get::get_task, tasks::edit::edit_task, tasks::delete::delete_task))
        .routes(routes!(tasks::complete::complete_task))
        .routes(routes!(tasks::skip::skip_task))
        .routes(routes!(tasks::end_recurrence::end_recurrence))
        .routes(routes!(tasks::reopen::reopen_task))
        .routes(routes!(tasks::restore::restore_task))
        .merge(tasks::bulk::endpoints())
        .routes(routes!(tasks::history::task_history))
        .routes(routes!(tasks::quick::quick_add))
        .merge(recurrences::endpoints())
        .merge(views::endpoints())
        .merge(filters::endpoints())
        .routes(routes!(tags::list_tags))
        .merge(projects::endpoints())
        .merge(comments::endpoints())
        .merge(events::endpoints())
        .merge(exchange::endpoints())
        .routes(routes!(calendar::calendar))
        .merge(trash::endpoints())
        .routes(routes!(tasks::undo::undo_task))
        .routes(routes!(tasks::subtasks::list_subtasks))
        .routes(routes!(notifications::list_notifications))
        .routes(routes!(problems::list_problems))
        .routes(routes!(problems::explain_problem))
        .routes(routes!(jobs::check_reminders::check_reminders))
        .routes(routes!(jobs::check_recurrences::check_recurrences))
        .routes(routes!(jobs::daily_cleanup::daily_cleanup))
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::test_support::Backend;

    #[test]
    fn the_document_is_pinned() {
        let (_, document) = described();
        insta::assert_json_snapshot!("openapi", document);
    }

    #[sqlx::test(migrations = false)]
    async fn the_document_and_its_page_are_served_and_nothing_is_anywhere_else(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let get = async |path: &str| backend.request("GET", path).send().await;
        assert_eq!(get("/api/openapi.json").await.body["openapi"], "3.1.0");
        assert_eq!(get("/").await.headers["location"], "/api/docs/");
        let page = get("/api/docs/").await;
        assert_eq!((page.status, &page.headers["content-type"]), (200, &"text/html".parse().unwrap()));
        assert_eq!(get("/api/docs/swagger-ui-bundle.js").await.status, 200, "it needs no other server");
        assert_eq!(get("/api/problems/invalid").await.body["status"], 422);
        for (method, path, status) in
            [("GET", "/api/v2/tasks", 404), ("GET", "/api/problems/x", 404), ("PUT", "/api/v1/tasks", 405)]
        {
            let answer = backend.request(method, path).send().await;
            assert_eq!(answer.status, status, "{method} {path}");
            assert_eq!(answer.headers["content-type"], "application/problem+json", "{method} {path}");
        }
    }
}
