//! Tasks, read from the rows that their actors' turns commit: no actor is activated for it.

use contracts::task::TaskSnapshot;
use domain::{Task, TaskId, UserId};
use platform::Problem;
use sqlx::{FromRow, PgPool, types::Json};

use crate::{commands::deleted, cursor::Cursor, task_path::no_such_task};

#[derive(FromRow)]
struct Row {
    version: i64,
    state: Json<Task>,
}

impl From<Row> for TaskSnapshot {
    fn from(row: Row) -> Self {
        Self { version: row.version, task: row.state.0 }
    }
}

/// A task that this user sees, their own or one of a project they are in, and that is not in the trash.
pub(crate) async fn find(pool: &PgPool, user: UserId, id: TaskId) -> Result<TaskSnapshot, Problem> {
    let row: Option<Row> =
        sqlx::query_as("SELECT version, state FROM task AS t WHERE id = $1 AND sees_task($2, t)")
            .bind(id.to_string())
            .bind(user.0)
            .fetch_optional(pool)
            .await?;
    let snapshot = row.map(TaskSnapshot::from).filter(|found| !found.task.is_purged());
    let snapshot = snapshot.ok_or_else(no_such_task)?;
    if snapshot.task.is_deleted() { Err(deleted()) } else { Ok(snapshot) }
}

/// A task of this user, in the trash or not.
pub(crate) async fn state(pool: &PgPool, owner: UserId, id: TaskId) -> Result<Option<TaskSnapshot>, Problem> {
    let row: Option<Row> = sqlx::query_as("SELECT version, state FROM task WHERE id = $1 AND owner = $2")
        .bind(id.to_string())
        .bind(owner.0)
        .fetch_optional(pool)
        .await?;
    Ok(row.map(TaskSnapshot::from))
}

/// The tasks that this user made and still sees, newest first; only the open or the done ones, if asked so.
pub(crate) async fn of_owner(
    pool: &PgPool,
    owner: UserId,
    done: Option<bool>,
    after: Option<Cursor>,
    count: i64,
) -> Result<Vec<TaskSnapshot>, Problem> {
    let (at, id) = after.map(|cursor| (cursor.at, cursor.id.to_string())).unzip();
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT version, state FROM task AS t
         WHERE owner = $1 AND NOT deleted AND ($2::boolean IS NULL OR done = $2) AND sees_task($1, t)
           AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4))
         ORDER BY created_at DESC, id DESC LIMIT $5",
    )
    .bind(owner.0)
    .bind(done)
    .bind(at)
    .bind(id)
    .bind(count)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(TaskSnapshot::from).collect())
}
