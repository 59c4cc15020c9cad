//! `GET /api/v1/tasks/{id}/comments`.

use axum::extract::State;
use chrono::{DateTime, Utc};
use contracts::api;
use domain::TaskId;
use platform::{Json, Problem};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::{
    app::App,
    caller::Caller,
    cursor::Cursor,
    openapi::{CallerProblems, ParameterProblems, PassingProblems, TaskProblems},
    query::Query,
    scope::ReadTasks,
    task_path::TaskPath,
    tasks,
};

/// What people say on a task, oldest first.
#[utoipa::path(
    get, path = "/api/v1/tasks/{id}/comments", tag = "comments", security(("access_token" = []), ("api_token" = ["tasks:read"])),
    params(
        ("id" = uuid::Uuid, Path),
        ("limit" = Option<u32>, Query, description = "How many, 50 unless given", minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of comments", body = api::Page<api::Comment>),
        CallerProblems, PassingProblems, TaskProblems, ParameterProblems,
    ),
)]
pub(crate) async fn list_comments(
    State(app): State<App>,
    caller: Caller<ReadTasks>,
    TaskPath(task): TaskPath,
    mut query: Query,
) -> Result<Json<api::Page<api::Comment>>, Problem> {
    let (limit, after) = (query.limit(), query.cursor());
    query.finish()?;
    tasks::find(&app.pool, caller.id, task).await?;
    let found = comments(&app.pool, task, after, limit as i64 + 1).await?;
    Ok(Json(api::Page::of(found, limit, |one| Cursor { at: one.created_at, id: one.id }.encode())))
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    author: Uuid,
    email: Option<String>,
    text: String,
    created_at: DateTime<Utc>,
    edited_at: Option<DateTime<Utc>>,
}

async fn comments(
    pool: &PgPool,
    task: TaskId,
    after: Option<Cursor>,
    count: i64,
) -> Result<Vec<api::Comment>, sqlx::Error> {
    let (at, id) = after.map(|cursor| (cursor.at, cursor.id)).unzip();
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT c.id, c.author, u.email, c.text, c.created_at, c.edited_at
         FROM task_comment AS c LEFT JOIN app_user AS u ON u.id = c.author AND u.deleted_at IS NULL
         WHERE c.task_id = $1 AND ($2::timestamptz IS NULL OR (c.created_at, c.id) > ($2, $3))
         ORDER BY c.created_at, c.id LIMIT $4",
    )
    .bind(task.0)
    .bind(at)
    .bind(id)
    .bind(count)
    .fetch_all(pool)
    .await?;
    let comment = |row: Row| api::Comment {
        id: row.id,
        task_id: task.0,
        author_id: row.author,
        author: row.email,
        text: row.text,
        created_at: row.created_at,
        edited_at: row.edited_at,
    };
    Ok(rows.into_iter().map(comment).collect())
}
