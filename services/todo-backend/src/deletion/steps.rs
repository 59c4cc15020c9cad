//! The steps, in their order. What actors own goes through them, as the person's last commands; rows of ours go by SQL.

use contracts::{
    project::{DeleteProject, PurgeProject, RemoveMember},
    task::{DeleteComment, DeleteTask, EditTask, PurgeTask},
};
use domain::{CommentId, ProjectId, Task, TaskId, TaskPatch, UserId};
use futures::{StreamExt, stream};
use platform::Problem;
use sqlx::types::Json;
use uuid::Uuid;
use virtual_actors::{Command, CommandId, Keep};

use super::rows;
use crate::{app::App, commands, project_commands, sessions};

const BATCH: i64 = 200;
const AT_A_TIME: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Sessions,
    Comments,
    Memberships,
    Others,
    Projects,
    Tasks,
    Rows,
    History,
}

/// How far a step is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Done,
    More,
    /// For so many actors that do not answer.
    Waits(usize),
}

impl Step {
    pub(super) const FIRST: Self = Self::Sessions;
    const ALL: [Self; 8] = [
        Self::Sessions,
        Self::Comments,
        Self::Memberships,
        Self::Others,
        Self::Projects,
        Self::Tasks,
        Self::Rows,
        Self::History,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Comments => "comments",
            Self::Memberships => "memberships",
            Self::Others => "others",
            Self::Projects => "projects",
            Self::Tasks => "tasks",
            Self::Rows => "rows",
            Self::History => "history",
        }
    }

    pub(super) fn next(self) -> Option<Self> {
        Self::ALL.into_iter().skip_while(|step| *step != self).nth(1)
    }

    pub(super) async fn run(self, app: &App, user: UserId) -> Result<Progress, Problem> {
        match self {
            Self::Sessions => {
                sessions::end(app, user, |_| true).await?;
                Ok(Progress::Done)
            }
            Self::Comments => comments(app, user).await,
            Self::Memberships => memberships(app, user).await,
            Self::Others => others(app, user).await,
            Self::Projects => projects(app, user).await,
            Self::Tasks => tasks(app, user).await,
            Self::Rows => {
                rows::remove(&app.pool, user).await?;
                Ok(Progress::Done)
            }
            Self::History => {
                let more = rows::redact(&app.pool, user).await?;
                Ok(if more { Progress::More } else { Progress::Done })
            }
        }
    }
}

impl TryFrom<String> for Step {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::ALL.into_iter().find(|step| step.name() == name).ok_or(name)
    }
}

/// What the person said on tasks of others: those who see it are told that it is gone. What cannot go this way, since
/// the task is in the trash or moved away, goes with the rows.
async fn comments(app: &App, user: UserId) -> Result<Progress, Problem> {
    let found: Vec<(Uuid, String, String)> = sqlx::query_as(
        "SELECT c.id, t.id, t.state ->> 'project' FROM task_comment AS c JOIN task AS t ON t.id = c.task_id::text
         WHERE c.author = $1 AND t.owner <> $1 AND NOT t.deleted AND t.state ? 'project'
         ORDER BY c.id LIMIT $2",
    )
    .bind(user.0)
    .bind(BATCH)
    .fetch_all(&app.pool)
    .await?;
    each(found, move |(id, task, project)| async move {
        let via = project.parse().ok();
        let message = DeleteComment { user, via, moderates: false, id: CommentId(id) };
        let Ok(task) = task.parse::<TaskId>() else { return Ok(()) };
        commands::send(app, task, command(app), &message).await.map(drop)
    })
    .await
}

async fn memberships(app: &App, user: UserId) -> Result<Progress, Problem> {
    let found: Vec<Uuid> = sqlx::query_scalar(
        "SELECT project_id FROM project_member WHERE user_id = $1 AND role <> 'owner' ORDER BY project_id LIMIT $2",
    )
    .bind(user.0)
    .bind(BATCH)
    .fetch_all(&app.pool)
    .await?;
    each(found, move |project| async move {
        let message = RemoveMember { user, if_version: None, member: user };
        project_commands::send(app, ProjectId(project), command(app), &message).await.map(drop)
    })
    .await
}

/// What others made in the person's projects is theirs: it leaves them before they go, and stays below what the same
/// person made. A subtask whose parent has not left yet is refused, and found again.
async fn others(app: &App, user: UserId) -> Result<Progress, Problem> {
    let found: Vec<(Json<Task>, bool)> = sqlx::query_as(
        "SELECT t.state, parent.owner IS DISTINCT FROM t.owner
         FROM project AS p
         JOIN task AS t ON t.state ? 'project' AND t.state ->> 'project' = p.id
         LEFT JOIN task AS parent ON parent.id = t.state ->> 'parent'
         WHERE p.owner = $1 AND NOT p.deleted AND t.owner <> $1 AND NOT t.deleted
         ORDER BY t.id LIMIT $2",
    )
    .bind(user.0)
    .bind(BATCH)
    .fetch_all(&app.pool)
    .await?;
    each(found, move |(Json(task), leaves_parent)| async move {
        let parent = leaves_parent.then_some(None);
        let patch = TaskPatch { project: Some(None), parent, ..TaskPatch::default() };
        take_out(app, &task, patch).await
    })
    .await
}

/// Changes where a task of somebody else is, in their name: the person need not see what it stays below.
async fn take_out(app: &App, task: &Task, patch: TaskPatch) -> Result<(), Problem> {
    let message = EditTask { user: task.owner(), via: None, if_version: None, zone: *task.zone(), patch };
    commands::send(app, task.id(), command(app), &message).await.map(drop)
}

/// The person's projects: whoever shares one has it no more.
async fn projects(app: &App, user: UserId) -> Result<Progress, Problem> {
    let found: Vec<String> = sqlx::query_scalar(
        "SELECT id FROM project WHERE owner = $1 AND NOT state ? 'purged_at' ORDER BY id LIMIT $2",
    )
    .bind(user.0)
    .bind(BATCH)
    .fetch_all(&app.pool)
    .await?;
    each(found, move |project| async move {
        let Ok(project) = project.parse::<ProjectId>() else { return Ok(()) };
        let delete = DeleteProject { user, if_version: None };
        project_commands::send(app, project, command(app), &delete).await?;
        let purge = PurgeProject { user, trashed_before: None };
        project_commands::send(app, project, command(app), &purge).await.map(drop)
    })
    .await
}

async fn tasks(app: &App, user: UserId) -> Result<Progress, Problem> {
    let found: Vec<String> = sqlx::query_scalar(
        "SELECT id FROM task WHERE owner = $1 AND NOT state ? 'purged_at' ORDER BY id LIMIT $2",
    )
    .bind(user.0)
    .bind(BATCH)
    .fetch_all(&app.pool)
    .await?;
    each(found, move |task| async move {
        let Ok(task) = task.parse::<TaskId>() else { return Ok(()) };
        leave_others_theirs(app, user, task).await?;
        let delete = DeleteTask { user, via: None, if_version: None };
        commands::send(app, task, command(app), &delete).await?;
        let purge = PurgeTask { user, trashed_before: None };
        commands::send(app, task, command(app), &purge).await.map(drop)
    })
    .await
}

/// Subtasks that somebody else made are theirs: they stay where they are, without this parent.
async fn leave_others_theirs(app: &App, user: UserId, parent: TaskId) -> Result<(), Problem> {
    let children: Vec<Json<Task>> = sqlx::query_scalar(
        "SELECT state FROM task WHERE parent_id = $1 AND owner <> $2 AND NOT deleted AND state ? 'project'",
    )
    .bind(parent.0)
    .bind(user.0)
    .fetch_all(&app.pool)
    .await?;
    for Json(child) in children {
        take_out(app, &child, TaskPatch { parent: Some(None), ..TaskPatch::default() }).await?;
    }
    Ok(())
}

/// Its answer holds what is to go, so it is kept for no longer than needed.
fn command(app: &App) -> Command {
    Command { id: CommandId(app.ids.next_id()), keep: Keep::Short }
}

/// Sends a batch of commands. What is refused is as it should be, or cannot be made so by its actor; that it is not
/// looked at for ever, a batch in which nothing else happens is the last.
async fn each<T, F>(batch: Vec<T>, send: impl Fn(T) -> F) -> Result<Progress, Problem>
where
    F: Future<Output = Result<(), Problem>>,
{
    let (mut done, mut failed) = (0, 0);
    let mut answers = stream::iter(batch.into_iter().map(send)).buffer_unordered(AT_A_TIME);
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(()) => done += 1,
            Err(problem) if problem.status().is_client_error() => {
                tracing::warn!(?problem, "a command of a deleted account was refused");
            }
            Err(_) => failed += 1,
        }
    }
    Ok(match (done, failed) {
        (_, 1..) => Progress::Waits(failed),
        (0, 0) => Progress::Done,
        _ => Progress::More,
    })
}
