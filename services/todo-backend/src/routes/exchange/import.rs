//! `POST /api/v1/import`: tasks from a file, each by its own command.
//!
//! A task's id follows from who imports and its UID. So a file that is imported twice, or again after half of it, makes
//! nothing twice.

mod answer;
mod order;
mod plan;
#[cfg(test)]
mod tests;

use axum::{
    body::Bytes,
    extract::{State, rejection::BytesRejection},
};
use chrono::{DateTime, Utc};
use contracts::task::CompleteTask;
use domain::UserZone;
use exchange::{Item, Unreadable, ical, own, todoist};
use futures::{StreamExt, stream};
use http::{HeaderMap, header};
use platform::{FieldError, Json, Problem, problem, unreadable};
use tokio::time::Instant;
use virtual_actors::{Command, CommandId};

use self::{
    answer::{Import, Imported, Outcome},
    plan::{Known, Plan, Planned},
};
use crate::{
    app::App,
    caller::Caller,
    commands,
    openapi::{BodyProblems, CallerProblems, PassingProblems},
    query::Query,
    scope::WriteTasks,
};

/// So many commands are under way at once.
const AT_ONCE: usize = 8;

/// Makes a task of each task in a file: iCalendar (`text/calendar`), Todoist's CSV (`text/csv`), or an export of our
/// own (`application/json`), of at most 5 MiB and 5,000 tasks.
///
/// It is not one step: each task has its own result, and what of it could not be taken is told with its line. Importing
/// the same file again makes nothing twice. When actors cannot be reached, what has not begun after 15 seconds has
/// `failed`.
#[utoipa::path(
    post, path = "/api/v1/import", tag = "tasks", security(("access_token" = []), ("api_token" = ["tasks:write"])),
    request_body(content(
        (String = "text/calendar"), (String = "text/csv"), (serde_json::Value = "application/json"),
    )),
    params(("dry_run" = Option<bool>, Query, description = "Only says what would be made")),
    responses(
        (status = 200, description = "What became of each task", body = Import),
        BodyProblems, CallerProblems, PassingProblems,
    ),
)]
pub(crate) async fn import_tasks(
    State(app): State<App>,
    caller: Caller<WriteTasks>,
    mut query: Query,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Import>, Problem> {
    let dry_run = query.choice("dry_run", &[("true", true), ("false", false)]).unwrap_or(false);
    query.finish()?;
    let body = body.map_err(unreadable)?;
    let plan = planned(&app, &caller, headers, body).await?;
    let until = Instant::now() + app.longest_import;
    let mut results: Vec<(usize, Imported)> = plan.settled;
    for level in plan.levels {
        let made = stream::iter(level).map(|planned| make(&app, &caller, planned, dry_run, until));
        results.extend(made.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await);
    }
    results.sort_by_key(|(at, _)| *at);
    Ok(Json(Import::of(dry_run, results.into_iter().map(|(_, result)| result).collect())))
}

/// A large file takes a core for a while, so that it is read and planned in a slot.
async fn planned(
    app: &App,
    caller: &Caller<WriteTasks>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Plan, Problem> {
    let (owner, zone, now) = (caller.id, caller.zone, app.clock.now());
    let read = app.imports.run(move || {
        let items = read(&headers, &body, zone, now)?;
        Ok::<_, Problem>((plan::new_ids(owner, &items), items))
    });
    let (ids, items) = read.await??;
    let known = Known::find(&app.pool, owner, ids).await?;
    app.imports.run(move || plan::plan(owner, zone, now, &known, items)).await
}

fn read(headers: &HeaderMap, body: &Bytes, zone: UserZone, now: DateTime<Utc>) -> Result<Vec<Item>, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let text = || {
        std::str::from_utf8(body)
            .map_err(|_| Problem::invalid("body", "not_utf8", "The file is not in UTF-8."))
    };
    let items = match kind.as_str() {
        "text/calendar" => ical::read(text()?, zone),
        "text/csv" => todoist::read(text()?, zone, zone.zone.local(now)),
        "application/json" => own::read(text()?),
        _ => {
            let detail = "Send text/calendar, text/csv or application/json.";
            return Err(Problem::new(&problem::UNSUPPORTED_MEDIA_TYPE, detail));
        }
    };
    items.map_err(|Unreadable { rule, detail }| Problem::invalid("body", rule, detail))
}

async fn make(
    app: &App,
    caller: &Caller<WriteTasks>,
    planned: Planned,
    dry_run: bool,
    until: Instant,
) -> (usize, Imported) {
    let Planned { at, id, create, done, exists, mut result } = planned;
    if dry_run {
        return (at, result);
    }
    if Instant::now() > until {
        result.outcome = Outcome::Failed;
        result.errors = vec![not_made("Others took too long; import the file again.")];
        return (at, result);
    }
    let command = || Command::fresh(CommandId(app.ids.next_id()));
    let mut made = Ok(());
    if !exists {
        made = commands::send(app, id, command(), &create).await.map(drop);
    }
    // Only at its first version: what somebody changed since is theirs.
    if made.is_ok() && done {
        let complete = CompleteTask { user: caller.id, via: None, if_version: Some(1) };
        made = commands::send(app, id, command(), &complete).await.map(drop);
    }
    if let Err(problem) = made {
        let body = problem.body();
        result.outcome = if problem.status().is_server_error() { Outcome::Failed } else { Outcome::Refused };
        result.errors =
            if body.errors.is_empty() { vec![not_made(&body.detail)] } else { body.errors.clone() };
    }
    (at, result)
}

fn not_made(detail: &str) -> FieldError {
    FieldError { field: String::new(), rule: "not_made".into(), detail: detail.to_owned() }
}
