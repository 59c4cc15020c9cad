//! `GET /api/v1/tasks/{id}/subtasks`.

use axum::extract::State;
use contracts::api;
use platform::{Json, Problem};

use crate::{
    app::App,
    caller::Caller,
    openapi::{CallerProblems, ParameterProblems, PassingProblems, TaskProblems},
    query::Query,
    scope::ReadTasks,
    subtasks::{self, Place},
    task_path::TaskPath,
    tasks,
};

/// The subtasks of a task, open and done, in their order.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/subtasks", tag = "tasks", security(("access_token" = []), ("api_token" = ["tasks:read"])),
    params(
        ("id" = uuid::Uuid, Path),
        ("limit" = Option<u32>, Query, description = "How many, 50 unless given", minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of tasks", body = api::Page<api::Task>),
        CallerProblems, PassingProblems, TaskProblems, ParameterProblems,
    ),
)]
pub(crate) async fn list_subtasks(
    State(app): State<App>,
    caller: Caller<ReadTasks>,
    TaskPath(task): TaskPath,
    mut query: Query,
) -> Result<Json<api::Page<api::Task>>, Problem> {
    let (limit, after) = (query.limit(), query.parsed_cursor(Place::decode));
    query.finish()?;
    tasks::find(&app.pool, caller.id, task).await?;
    let found = subtasks::list(&app.pool, task, after, limit as i64 + 1).await?;
    let shown: Vec<api::Task> = found.iter().map(api::Task::from).collect();
    Ok(Json(api::Page::of(shown, limit, |task| Place::of(task).encode())))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use sqlx::PgPool;

    use crate::test_support::{Answer, Backend};

    #[sqlx::test(migrations = false)]
    async fn subtasks_are_listed_in_their_order(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let send = async |method: &'static str, path: &str, body: Value| -> Answer {
            backend.clock.advance(chrono::TimeDelta::milliseconds(1));
            backend.request(method, path).token(&ada.token).json(body).send().await
        };
        let parent = ada.create(&backend, "Move house").await;
        let id = parent.rsplit('/').next().unwrap();
        let mut positions = Vec::new();
        for title in ["pack", "clean", "celebrate"] {
            let made = send("POST", "/api/v1/tasks", json!({"title": title, "parent_id": id})).await;
            assert_eq!((made.status, &made.body["parent_id"]), (201, &json!(id)));
            positions
                .push((made.headers["location"].to_str().unwrap().to_owned(), made.body["position"].clone()));
        }
        let titles = async |query: &str| {
            let page = send("GET", &format!("{parent}/subtasks{query}"), json!({})).await;
            let items = page.body["items"].as_array().unwrap().clone();
            let titles: Vec<_> =
                items.iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect();
            (titles, page.body["next_cursor"].clone())
        };
        assert_eq!(titles("").await.0, ["pack", "clean", "celebrate"]);
        let first = positions[0].1.as_str().unwrap();
        let before = format!("{}1", &first[..first.len() - 1]);
        assert_eq!(send("PATCH", &positions[2].0, json!({"position": before})).await.status, 200);
        let (page, cursor) = titles("?limit=2").await;
        assert_eq!(page, ["celebrate", "pack"]);
        let (page, cursor) = titles(&format!("?limit=2&cursor={}", cursor.as_str().unwrap())).await;
        assert_eq!((page, cursor), (vec!["clean".to_owned()], Value::Null));

        let bob = backend.user("bob@example.org").await;
        let path = format!("{parent}/subtasks");
        assert_eq!(backend.request("GET", &path).token(&bob.token).send().await.status, 404);
        let under_it = json!({"title": "mine", "parent_id": id});
        let refused = backend.request("POST", "/api/v1/tasks").token(&bob.token).json(under_it).send().await;
        assert_eq!((refused.status, refused.fields()), (422, vec!["parent_id".to_owned()]));
        assert_eq!(send("GET", &format!("{parent}/subtasks?cursor=x"), json!({})).await.status, 422);
    }

    #[sqlx::test(migrations = false)]
    async fn a_subtask_comes_to_the_project_of_its_parent(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let project = uuid::Uuid::from_u128(5);
        sqlx::query("INSERT INTO project_member (project_id, user_id, role) VALUES ($1, $2, 'owner')")
            .bind(project)
            .bind(ada.id)
            .execute(&backend.app.pool)
            .await
            .unwrap();
        let create = async |body: Value| {
            backend.request("POST", "/api/v1/tasks").token(&ada.token).json(body).send().await
        };
        let parent = create(json!({"title": "Move house", "project_id": project})).await;
        assert_eq!(parent.status, 201, "{}", parent.body);
        let child = create(json!({"title": "pack", "parent_id": parent.body["id"]})).await;
        assert_eq!((child.status, &child.body["project_id"]), (201, &json!(project)));
        let other = create(json!({"title": "clean"})).await;
        let path = other.headers["location"].to_str().unwrap();
        let patch = json!({"parent_id": parent.body["id"]});
        let moved = backend.request("PATCH", path).token(&ada.token).json(patch).send().await;
        assert_eq!((moved.status, &moved.body["project_id"]), (200, &json!(project)));
        let apart = create(json!({"title": "x", "parent_id": other.body["id"], "project_id": null})).await;
        assert_eq!(apart.body["project_id"], json!(project), "null is as if it were not given");
        let stranger = create(json!({"title": "x", "project_id": uuid::Uuid::from_u128(6)})).await;
        assert_eq!((stranger.status, stranger.fields()), (422, vec!["project_id".to_owned()]));
    }
}
