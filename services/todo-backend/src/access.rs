//! What a person may do to a task: the one place that answers it.
//!
//! Whoever made a task may do anything to it, while they see it: who left its project does not (`sees_task` in
//! `migrations/`). In a project, viewers see its tasks and comment on them, editors and the owner change them. The
//! rows of `project_member` say who is what; they change in the project's own commits, so what is closed to somebody is
//! closed with the next request. An actor is told by which project somebody comes
//! (`via`), and sees for itself that its task is in that one.

use domain::{ProjectId, Role, TaskId, UserId, UserZone, Zone};
use platform::Problem;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::{caller::Caller, problems, project_commands::not_allowed, scope::Needs, task_path::no_such_task};

/// What somebody found to have access may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) role: Role,
    /// The project by which they have it; none if the task is their own.
    pub(crate) via: Option<ProjectId>,
    /// The zone of whose task it is: changes by others do not move it.
    pub(crate) zone: UserZone,
}

#[derive(FromRow)]
struct Row {
    owner: Uuid,
    project: Option<Uuid>,
    role: Option<String>,
    time_zone: Option<String>,
    zone_version: Option<i32>,
}

/// Access to a task, in the trash or not, to see it and to comment on it.
pub(crate) async fn to_see(
    pool: &PgPool,
    caller: &Caller<impl Needs>,
    task: TaskId,
) -> Result<Access, Problem> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT t.owner, m.project_id AS project, m.role, u.time_zone, u.zone_version
         FROM task AS t
         LEFT JOIN project_member AS m ON m.user_id = $2 AND m.project_id = (t.state ->> 'project')::uuid
         LEFT JOIN app_user AS u ON u.id = t.owner AND t.owner <> $2 AND u.deleted_at IS NULL
         WHERE t.id = $1 AND sees_task($2, t)",
    )
    .bind(task.to_string())
    .bind(caller.id.0)
    .fetch_optional(pool)
    .await?;
    let row = row.ok_or_else(no_such_task)?;
    if row.owner == caller.id.0 {
        return Ok(Access { role: Role::Owner, via: None, zone: caller.zone });
    }
    let role = row.role.as_deref().and_then(Role::from_name).ok_or_else(no_such_task)?;
    let zone = match row.time_zone.as_deref().zip(row.zone_version) {
        Some((zone, version)) => {
            UserZone::new(Zone::parse(zone).map_err(Problem::internal)?, version.unsigned_abs())
        }
        // An account that is gone has no newer zone than the task knows.
        None => UserZone::new(Zone::UTC, 0),
    };
    Ok(Access { role, via: row.project.map(ProjectId), zone })
}

/// Access to change a task.
pub(crate) async fn to_change(
    pool: &PgPool,
    caller: &Caller<impl Needs>,
    task: TaskId,
) -> Result<Access, Problem> {
    let access = to_see(pool, caller, task).await?;
    if access.role < Role::Editor { Err(not_allowed(Role::Editor)) } else { Ok(access) }
}

/// The task's commit refused to let it come into a project where this person is no editor. To who sees the project
/// that is a matter of roles; to anybody else there is no such project.
pub(crate) async fn explained(
    pool: &PgPool,
    user: UserId,
    project: Option<ProjectId>,
    problem: Problem,
) -> Problem {
    let refused = problem.body().errors.iter().any(|e| e.field == "project_id" && e.rule == "not_found");
    let Some(project) = project.filter(|_| refused) else { return problem };
    let member: Result<Option<i32>, sqlx::Error> =
        sqlx::query_scalar("SELECT 1 FROM project_member WHERE user_id = $1 AND project_id = $2")
            .bind(user.0)
            .bind(project.0)
            .fetch_optional(pool)
            .await;
    match member {
        Ok(Some(_)) => not_allowed(Role::Editor),
        Ok(None) => problem,
        Err(error) => error.into(),
    }
}

/// For a comment of somebody else.
pub(crate) fn not_the_author() -> Problem {
    Problem::new(&problems::NOT_ALLOWED, "The comment is somebody else's.")
}

#[cfg(test)]
mod tests;
