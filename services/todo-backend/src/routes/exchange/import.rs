//! `POST /api/v1/import`: tasks from a file, each by its own command.
//!
//! A task's id follows from who imports and its UID. So a file that is imported twice, or again after half of it, makes
//! nothing twice.

mod answer;
mod plan;
#[cfg(test)]
mod tests;

use axum::{
    body::Bytes,
    extract::{State, rejection::BytesRejection},
};
use contracts::task::CompleteTask;
use exchange::{Item, Unreadable, ical, own, todoist};
use futures::{StreamExt, stream};
use http::{HeaderMap, header};
use platform::{FieldError, Json, Problem, problem, unreadable};
use virtual_actors::{Command, CommandId, Keep};

use self::{
    answer::{Import, Imported, Outcome},
    plan::Planned,
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
/// the same file again makes nothing twice.
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
    let items = read(&app, &caller, &headers, &body.map_err(unreadable)?)?;
    let plan = plan::plan(&app, &caller, items).await?;
    let mut results: Vec<(usize, Imported)> = plan.settled;
    for level in plan.levels {
        let made = stream::iter(level).map(|planned| make(&app, &caller, planned, dry_run));
        results.extend(made.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await);
    }
    results.sort_by_key(|(at, _)| *at);
    Ok(Json(Import::of(dry_run, results.into_iter().map(|(_, result)| result).collect())))
}

fn read(
    app: &App,
    caller: &Caller<WriteTasks>,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Vec<Item>, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let text = || {
        std::str::from_utf8(body)
            .map_err(|_| Problem::invalid("body", "not_utf8", "The file is not in UTF-8."))
    };
    let items = match kind.as_str() {
        "text/calendar" => ical::read(text()?, caller.zone),
        "text/csv" => todoist::read(text()?, caller.zone, caller.zone.zone.local(app.clock.now())),
        "application/json" => own::read(text()?),
        _ => {
            let detail = "Send text/calendar, text/csv or application/json.";
            return Err(Problem::new(&problem::UNSUPPORTED_MEDIA_TYPE, detail));
        }
    };
    items.map_err(|Unreadable { rule, detail }| Problem::invalid("body", rule, detail))
}

async fn make(app: &App, caller: &Caller<WriteTasks>, planned: Planned, dry_run: bool) -> (usize, Imported) {
    let Planned { at, id, create, done, exists, mut result } = planned;
    if dry_run {
        return (at, result);
    }
    let command = || Command { id: CommandId(app.ids.next_id()), keep: Keep::Short };
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
        result.errors = if body.errors.is_empty() {
            vec![FieldError { field: String::new(), rule: "not_made".into(), detail: body.detail.clone() }]
        } else {
            body.errors.clone()
        };
    }
    (at, result)
}
