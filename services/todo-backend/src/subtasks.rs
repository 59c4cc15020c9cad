//! Subtasks, read from the rows that their actors' turns commit.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contracts::{api, task::TaskSnapshot};
use domain::{Position, ProjectId, TaskId};
use platform::Problem;
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

/// The sort key of a list by hand.
pub(crate) struct Place {
    position: Position,
    id: Uuid,
}

impl Place {
    /// Of a task as it is shown. Its position is one, since it was one in the task.
    pub(crate) fn of(task: &api::Task) -> Self {
        let position = Position::parse(&task.position).unwrap_or_else(|_| Position::last(task.created_at));
        Self { position, id: task.id }
    }

    /// Opaque to clients.
    pub(crate) fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{} {}", self.position, self.id))
    }

    pub(crate) fn decode(text: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (position, id) = text.split_once(' ')?;
        Some(Self { position: Position::parse(position).ok()?, id: id.parse().ok()? })
    }
}

/// The subtasks after a place, at most `count`. There are so few of a task that they are sorted as they are read.
pub(crate) async fn list(
    pool: &PgPool,
    parent: TaskId,
    after: Option<Place>,
    count: i64,
) -> Result<Vec<TaskSnapshot>, Problem> {
    let (position, id) = after.map(|place| (place.position.to_string(), place.id.to_string())).unzip();
    let rows: Vec<(i64, Json<domain::Task>)> = sqlx::query_as(
        "SELECT version, state FROM task
         WHERE parent_id = $1 AND NOT deleted AND ($2::text IS NULL OR (position, id) > ($2, $3))
         ORDER BY position, id LIMIT $4",
    )
    .bind(parent.0)
    .bind(position)
    .bind(id)
    .bind(count)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|(version, state)| TaskSnapshot { version, task: state.0 }).collect())
}

/// The project a task comes to that becomes a subtask. If there is no such parent, the task's actor says so.
pub(crate) async fn project_of(pool: &PgPool, parent: TaskId) -> Result<Option<ProjectId>, Problem> {
    let project: Option<Option<String>> =
        sqlx::query_scalar("SELECT state ->> 'project' FROM task WHERE id = $1")
            .bind(parent.to_string())
            .fetch_optional(pool)
            .await?;
    Ok(project.flatten().and_then(|project| project.parse().ok()))
}
