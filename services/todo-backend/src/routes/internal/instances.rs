//! `POST` and `DELETE /internal/v1/recurring/instances`: a series' next instance is made, or withdrawn.
//!
//! Only what the ledger of the series says is done, so a forged call does nothing that is not planned; and
//! it may come any number of times, since ids follow from what they name.

use axum::extract::State;
use chrono::NaiveDateTime;
use contracts::{
    recurrence::{InstanceAnswer, MakeInstance, Template},
    task::{CreateTask, RestoreInstance, TaskSnapshot, WithdrawInstance},
};
use domain::{Due, NewSeries, Planning, Recurrence, SeriesId, SeriesLink, TaskId, UserId, UserZone};
use platform::{Json, Problem};
use sqlx::{FromRow, PgPool, types::Json as Jsonb};
use uuid::Uuid;
use virtual_actors::CommandId;

use crate::{
    accounts,
    app::App,
    commands,
    task_path::{TaskPath, no_such_task},
    tasks,
};

/// What the ledger plans, and the series it plans it for.
#[derive(FromRow)]
struct Planned {
    occurrence: NaiveDateTime,
    due: Jsonb<Due>,
    version: i64,
    owner: Uuid,
    recurrence: Jsonb<Recurrence>,
    template: Option<Jsonb<Option<Template>>>,
}

/// An instance that the ledger says to withdraw.
#[derive(FromRow)]
struct ToWithdraw {
    series_id: Uuid,
    predecessor: Uuid,
    version: i64,
    owner: Uuid,
}

/// Makes the next instance, as it is planned.
pub(crate) async fn make_instance(
    State(app): State<App>,
    Json(asked): Json<MakeInstance>,
) -> Result<Json<InstanceAnswer>, Problem> {
    let Some(planned) = planned(&app.pool, &asked).await? else {
        return Ok(Json(InstanceAnswer::NotPlanned));
    };
    let (owner, task) = (UserId(planned.owner), TaskId(asked.next_id));
    let Some(account) = accounts::by_id(&app.pool, owner).await? else {
        return Ok(Json(InstanceAnswer::NotPlanned));
    };
    let zone = account.zone()?;
    match tasks::state(&app.pool, owner, task).await? {
        // A person deleted it for good: it was made.
        Some(made) if made.task.is_purged() => {}
        Some(made) if made.task.is_deleted() => {
            let command = command_id(&asked.series_id, &asked.predecessor, "restore", planned.version);
            let restore = RestoreInstance { user: owner, zone };
            commands::send(&app, task, command, &restore).await?;
        }
        Some(_) => {}
        None => {
            let template = template(&app.pool, owner, asked.predecessor, &planned).await?;
            let create = create(owner, zone, asked.series_id, planned, template);
            // The same whatever the plan's version: a task is created once.
            let command = command_id(&asked.series_id, &asked.predecessor, "create", 0);
            match commands::send(&app, task, command, &create).await {
                // Its project or its parent is closed to it by now. Better there than never.
                Err(problem) if is_closed(&problem) => {
                    let planning = Planning { project: None, parent: None, ..create.planning.clone() };
                    let command = command_id(&asked.series_id, &asked.predecessor, "create alone", 0);
                    commands::send(&app, task, command, &CreateTask { planning, ..create }).await?;
                }
                made => drop(made?),
            }
        }
    }
    Ok(Json(InstanceAnswer::Created))
}

/// Withdraws an instance whose predecessor is open again, unless somebody touched it.
pub(crate) async fn withdraw_instance(
    State(app): State<App>,
    TaskPath(task): TaskPath,
) -> Result<Json<InstanceAnswer>, Problem> {
    let Some(entry) = to_withdraw(&app.pool, task).await? else {
        return Ok(Json(InstanceAnswer::NotPlanned));
    };
    let owner = UserId(entry.owner);
    let Some(made) = tasks::state(&app.pool, owner, task).await? else {
        return Ok(Json(InstanceAnswer::Withdrawn));
    };
    if made.task.is_deleted() {
        return Ok(Json(InstanceAnswer::Withdrawn));
    }
    let command = command_id(&entry.series_id, &entry.predecessor, "withdraw", entry.version);
    let left: TaskSnapshot = commands::send(&app, task, command, &WithdrawInstance { user: owner }).await?;
    Ok(Json(if left.task.is_deleted() { InstanceAnswer::Withdrawn } else { InstanceAnswer::Kept }))
}

fn is_closed(problem: &Problem) -> bool {
    [http::StatusCode::UNPROCESSABLE_ENTITY, http::StatusCode::FORBIDDEN].contains(&problem.status())
}

/// The same for each repetition of a step that the ledger plans.
fn command_id(series: &Uuid, predecessor: &Uuid, step: &str, version: i64) -> CommandId {
    CommandId(Uuid::new_v5(series, format!("{predecessor}/{step}/{version}").as_bytes()))
}

fn create(
    owner: UserId,
    zone: UserZone,
    series_id: Uuid,
    planned: Planned,
    template: Template,
) -> CreateTask {
    let link = SeriesLink {
        series: SeriesId(series_id),
        occurrence: planned.occurrence,
        recurrence: planned.recurrence.0,
        edited_at: None,
        untouched: true,
    };
    let planning = template.planning(&planned.due.0);
    let Template { title, notes, priority, tags, reminders, .. } = template;
    CreateTask {
        owner,
        title,
        notes,
        priority,
        tags,
        due: Some(planned.due.0),
        planning,
        reminders,
        zone,
        series: Some(NewSeries::Follows(Box::new(link))),
    }
}

/// What the instance is made like: the series' template, or else its predecessor.
async fn template(
    pool: &PgPool,
    owner: UserId,
    predecessor: Uuid,
    planned: &Planned,
) -> Result<Template, Problem> {
    if let Some(Jsonb(Some(template))) = &planned.template {
        return Ok(template.clone());
    }
    let like = tasks::state(pool, owner, TaskId(predecessor)).await?.ok_or_else(no_such_task)?.task;
    Ok(Template::of(&like))
}

async fn planned(pool: &PgPool, asked: &MakeInstance) -> Result<Option<Planned>, sqlx::Error> {
    sqlx::query_as(
        "SELECT l.occurrence, l.due, l.version, (r.state ->> 'owner')::uuid AS owner,
                r.state -> 'recurrence' AS recurrence, r.state -> 'template' AS template
         FROM recurrence_ledger AS l JOIN recurrence AS r ON r.id = l.series_id::text
         WHERE l.series_id = $1 AND l.predecessor = $2 AND l.next_id = $3 AND l.status = 'planned'",
    )
    .bind(asked.series_id)
    .bind(asked.predecessor)
    .bind(asked.next_id)
    .fetch_optional(pool)
    .await
}

async fn to_withdraw(pool: &PgPool, next_id: TaskId) -> Result<Option<ToWithdraw>, sqlx::Error> {
    sqlx::query_as(
        "SELECT l.series_id, l.predecessor, l.version, (r.state ->> 'owner')::uuid AS owner
         FROM recurrence_ledger AS l JOIN recurrence AS r ON r.id = l.series_id::text
         WHERE l.next_id = $1 AND l.status = 'withdraw'",
    )
    .bind(next_id.0)
    .fetch_optional(pool)
    .await
}

#[cfg(test)]
mod chain;
#[cfg(test)]
mod tests;
