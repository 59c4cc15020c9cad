//! The trash, read from the rows that tasks' and projects' turns commit, and emptied through their actors.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    project::{ProjectSnapshot, PurgeProject},
    task::{PurgeTask, TaskSnapshot},
};
use domain::{ProjectId, TaskId, UserId};
use futures::{StreamExt, stream};
use platform::Problem;
use sqlx::{PgPool, types::Json};
use uuid::Uuid;
use virtual_actors::CommandId;

use crate::{app::App, commands, cursor::Cursor, project_commands};

/// How long a task, or a project, can be restored.
pub(crate) const KEPT: TimeDelta = TimeDelta::days(30);
/// Tasks, or projects, that are read at once.
const PAGE: i64 = 500;
/// Actors that are called at once.
const AT_A_TIME: usize = 16;

/// The tasks of this user in the trash after a cursor, the latest first, at most `count`.
pub(crate) async fn list(
    pool: &PgPool,
    owner: UserId,
    after: Option<Cursor>,
    count: i64,
) -> Result<Vec<TaskSnapshot>, Problem> {
    let (at, id) = after.map(|cursor| (cursor.at, cursor.id.to_string())).unzip();
    let rows: Vec<(i64, Json<domain::Task>)> = sqlx::query_as(
        "SELECT version, state FROM task AS t
         WHERE owner = $1 AND deleted AND NOT state ? 'purged_at' AND sees_task($1, t)
           AND ($2::timestamptz IS NULL OR (utc_instant(state ->> 'deleted_at'), id) < ($2, $3))
         ORDER BY utc_instant(state ->> 'deleted_at') DESC, id DESC LIMIT $4",
    )
    .bind(owner.0)
    .bind(at)
    .bind(id)
    .bind(count)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|(version, state)| TaskSnapshot { version, task: state.0 }).collect())
}

/// Deletes for good all that this user has in the trash. Sent again, it goes on where it stopped.
pub(crate) async fn empty(app: &App, owner: UserId) -> Result<(), Problem> {
    loop {
        let found = list(&app.pool, owner, None, PAGE).await?;
        let tasks: Vec<TaskId> = found.iter().map(|snapshot| snapshot.task.id()).collect();
        let mut purged = 0;
        let mut answers = stream::iter(tasks)
            .map(|task| async move { (task, purge(app, owner, task, None).await) })
            .buffer_unordered(AT_A_TIME);
        while let Some((task, answer)) = answers.next().await {
            match answer {
                Ok(_) => purged += 1,
                // Restored or purged meanwhile: no reason to stop.
                Err(problem) if problem.status() == http::StatusCode::NOT_FOUND => {}
                Err(problem) => {
                    tracing::warn!(%task, "the trash is not empty yet");
                    return Err(problem);
                }
            }
        }
        if purged == 0 {
            return Ok(());
        }
    }
}

/// Deletes for good, of everybody, the tasks that have been in the trash for longer than they are kept. How many were,
/// and how many did not answer: the next time is soon enough for these.
pub(crate) async fn purge_old_tasks(app: &App) -> Result<(u64, u64), sqlx::Error> {
    let before = app.clock.now() - KEPT;
    let (mut purged, mut failed) = (0, 0);
    let mut after = (DateTime::UNIX_EPOCH, String::new());
    loop {
        let found = old_tasks(&app.pool, before, &after).await?;
        let Some((id, _, at)) = found.last() else { return Ok((purged, failed)) };
        after = (*at, id.clone());
        let tasks: Vec<_> = found
            .iter()
            .filter_map(|(id, owner, _)| Some((id.parse::<TaskId>().ok()?, UserId(*owner))))
            .collect();
        let mut answers = stream::iter(tasks)
            .map(|(task, owner)| purge(app, owner, task, Some(before)))
            .buffer_unordered(AT_A_TIME);
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(snapshot) => purged += u64::from(snapshot.task.is_purged()),
                Err(_) => failed += 1,
            }
        }
    }
}

async fn old_tasks(
    pool: &PgPool,
    before: DateTime<Utc>,
    (at, id): &(DateTime<Utc>, String),
) -> Result<Vec<(String, Uuid, DateTime<Utc>)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, owner, utc_instant(state ->> 'deleted_at') FROM task
         WHERE deleted AND NOT state ? 'purged_at' AND utc_instant(state ->> 'deleted_at') < $1
           AND (utc_instant(state ->> 'deleted_at'), id) > ($2, $3)
         ORDER BY utc_instant(state ->> 'deleted_at'), id LIMIT $4",
    )
    .bind(before)
    .bind(at)
    .bind(id)
    .bind(PAGE)
    .fetch_all(pool)
    .await
}

/// The same of projects, once none of their tasks is left. A task goes to the trash a moment after its project, so a
/// project may wait for the clean-up after that of its tasks.
pub(crate) async fn purge_old_projects(app: &App) -> Result<(u64, u64), sqlx::Error> {
    let before = app.clock.now() - KEPT;
    let (mut purged, mut failed) = (0, 0);
    let mut after = String::new();
    loop {
        let found = old_projects(&app.pool, before, &after).await?;
        let Some((id, _)) = found.last() else { return Ok((purged, failed)) };
        after.clone_from(id);
        let projects: Vec<_> = found
            .iter()
            .filter_map(|(id, owner)| Some((id.parse::<ProjectId>().ok()?, UserId(*owner))))
            .collect();
        let mut answers = stream::iter(projects)
            .map(|(project, owner)| purge_project(app, owner, project, before))
            .buffer_unordered(AT_A_TIME);
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(snapshot) => purged += u64::from(snapshot.project.is_purged()),
                Err(_) => failed += 1,
            }
        }
    }
}

/// A purged task is in no project any more.
async fn old_projects(
    pool: &PgPool,
    before: DateTime<Utc>,
    after: &str,
) -> Result<Vec<(String, Uuid)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, owner FROM project AS p
         WHERE deleted AND NOT state ? 'purged_at' AND utc_instant(state ->> 'deleted_at') < $1 AND id > $2
           AND NOT EXISTS (SELECT FROM task AS t WHERE t.state ? 'project' AND t.state ->> 'project' = p.id)
         ORDER BY id LIMIT $3",
    )
    .bind(before)
    .bind(after)
    .bind(PAGE)
    .fetch_all(pool)
    .await
}

async fn purge_project(
    app: &App,
    user: UserId,
    project: ProjectId,
    before: DateTime<Utc>,
) -> Result<ProjectSnapshot, Problem> {
    let command = CommandId(app.ids.next_id());
    project_commands::send(app, project, command, &PurgeProject { user, trashed_before: Some(before) }).await
}

async fn purge(
    app: &App,
    user: UserId,
    task: TaskId,
    trashed_before: Option<DateTime<Utc>>,
) -> Result<TaskSnapshot, Problem> {
    let command = CommandId(app.ids.next_id());
    commands::send(app, task, command, &PurgeTask { user, trashed_before }).await
}
