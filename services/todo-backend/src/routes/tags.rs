//! `GET /api/v1/tags`: the tags in use.

use axum::extract::State;
use contracts::api;
use platform::{Json, Problem};

use crate::{
    app::App,
    caller::Caller,
    openapi::{CallerProblems, PassingProblems},
    scope::ReadTasks,
    task_query,
};

/// The tags of your open tasks and of those in your projects, the most used first.
///
/// The newest 5,000 tasks are counted, and at most 500 tags shown; `complete` says whether that was all.
#[utoipa::path(
    get, path = "/api/v1/tags", tag = "tasks", security(("access_token" = []), ("api_token" = ["tasks:read"])),
    responses((status = 200, description = "The tags", body = api::Tags), CallerProblems, PassingProblems),
)]
pub(crate) async fn list_tags(
    State(app): State<App>,
    caller: Caller<ReadTasks>,
) -> Result<Json<api::Tags>, Problem> {
    Ok(Json(task_query::tags(&app.pool, caller.id).await?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::test_support::Backend;

    #[sqlx::test(migrations = false)]
    async fn tags_of_open_tasks_are_counted_whatever_their_case(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        let (ada, bob) = (backend.user("ada@example.org").await, backend.user("bob@example.org").await);
        let mut last = String::new();
        for (user, tags) in [
            (&ada, json!(["home", "garden"])),
            (&ada, json!(["Home"])),
            (&ada, json!([])),
            (&bob, json!(["home", "secret"])),
            (&ada, json!(["done"])),
        ] {
            let request = backend.request("POST", "/api/v1/tasks").token(&user.token);
            let made = request.json(json!({"title": "x", "tags": tags})).send().await;
            last = made.headers["location"].to_str().unwrap().to_owned();
        }
        backend.request("POST", &format!("{last}/complete")).token(&ada.token).send().await;
        let answer = backend.request("GET", "/api/v1/tags").token(&ada.token).send().await;
        let items = json!([{"tag": "Home", "open": 2}, {"tag": "garden", "open": 1}]);
        assert_eq!(answer.body, json!({"items": items, "complete": true}));

        sqlx::query(
            r#"INSERT INTO task (id, version, state) SELECT n::text, 1, jsonb_build_object(
                   'owner', $1, 'tags', '["many"]'::jsonb, 'title', '', 'lifecycle', '{"status":"open"}'::jsonb, 'created_at', '2026-08-01T08:00:00Z')
               FROM generate_series(1, 6000) AS n"#,
        )
        .bind(ada.id.to_string())
        .execute(&pool)
        .await
        .unwrap();
        let answer = backend.request("GET", "/api/v1/tags").token(&ada.token).send().await;
        assert_eq!(answer.body, json!({"items": [{"tag": "many", "open": 5000}], "complete": false}));
    }
}
