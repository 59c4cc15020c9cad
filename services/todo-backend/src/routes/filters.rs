//! `/api/v1/filters`: lists of tasks that people keep. `GET /api/v1/tasks?filter={id}` shows one.

#[cfg(test)]
mod tests;

use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use contracts::api;
use domain::{UserZone, Violation, Violations};
use http::{StatusCode, header};
use platform::{Json, Problem};
use serde_json::Value;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::App,
    caller::Caller,
    created::created,
    idempotency::Idempotency,
    input::Found,
    once::{Change, once},
    openapi::{BodyProblems, CallerProblems, ChangeProblems, PassingProblems},
    precondition::{IfMatch, entity_tag},
    problems,
    query::Query,
    saved_filters::{self, Outcome},
    scope::{Needs, ReadTasks, WriteTasks},
    task_path::parse_id,
    task_query::{Filters, SORTS},
};

const NAME_CHARS: usize = 100;
const QUERY_CHARS: usize = 2_000;

pub(super) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create_filter, list_filters)).routes(routes!(
        get_filter,
        edit_filter,
        delete_filter
    ))
}

/// Keeps a list of tasks under a name.
#[utoipa::path(
    post, path = "/api/v1/filters", tag = "filters", security(("access_token" = []), ("api_token" = ["tasks:write"])),
    request_body = api::SavedFilterInput,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    responses(
        (status = 201, description = "The saved filter", body = api::SavedFilter, headers(
            ("Location" = String, description = "Its path"),
            ("ETag" = String, description = "Its version, in quotes"),
        )),
        BodyProblems, CallerProblems, PassingProblems,
    ),
)]
async fn create_filter(
    State(app): State<App>,
    caller: Caller<WriteTasks>,
    idempotency: Idempotency,
    Json(body): Json<Value>,
) -> Result<Response, Problem> {
    let patch = read(body, &caller.zone, true)?;
    let new = api::SavedFilterInput {
        name: patch.name.unwrap_or_default(),
        query: patch.query.unwrap_or_default(),
    };
    let (change, id) = (change(&app, &caller, &idempotency), app.ids.next_id());
    let now = app.clock.now();
    let outcome = once(&app.pool, change, &new, async |db: &mut sqlx::PgConnection| {
        saved_filters::insert(db, caller.id, id, &new, now).await
    });
    let filter = done(outcome.await?)?;
    Ok(created(&format!("/api/v1/filters/{}", filter.id), shown(filter)))
}

/// Your saved filters, the oldest first: at most 200, all at once.
#[utoipa::path(
    get, path = "/api/v1/filters", tag = "filters", security(("access_token" = []), ("api_token" = ["tasks:read"])),
    responses((status = 200, description = "All of them", body = api::Page<api::SavedFilter>), CallerProblems, PassingProblems),
)]
async fn list_filters(
    State(app): State<App>,
    caller: Caller<ReadTasks>,
) -> Result<Json<api::Page<api::SavedFilter>>, Problem> {
    Ok(Json(api::Page { items: saved_filters::list(&app.pool, caller.id).await?, next_cursor: None }))
}

/// A saved filter.
#[utoipa::path(
    get, path = "/api/v1/filters/{id}", tag = "filters", security(("access_token" = []), ("api_token" = ["tasks:read"])),
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "The saved filter", body = api::SavedFilter, headers(
            ("ETag" = String, description = "Its version, in quotes"),
        )),
        (status = 404, description = "You have no such filter", body = platform::problem::Body,
            content_type = "application/problem+json"),
        CallerProblems, PassingProblems,
    ),
)]
async fn get_filter(
    State(app): State<App>,
    caller: Caller<ReadTasks>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let filter = saved_filters::find(&app.pool, caller.id, read_id(id)?).await?.ok_or_else(no_such)?;
    Ok(shown(filter))
}

/// Changes a saved filter.
#[utoipa::path(
    patch, path = "/api/v1/filters/{id}", tag = "filters", security(("access_token" = []), ("api_token" = ["tasks:write"])),
    request_body(content = api::SavedFilterPatch, content_type = "application/merge-patch+json"),
    params(
        ("id" = Uuid, Path),
        ("If-Match" = Option<String>, Header, description = "Only change this version"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again"),
    ),
    responses(
        (status = 200, description = "The saved filter", body = api::SavedFilter, headers(
            ("ETag" = String, description = "Its version, in quotes"),
        )),
        (status = 404, description = "You have no such filter", body = platform::problem::Body,
            content_type = "application/problem+json"),
        BodyProblems, CallerProblems, ChangeProblems, PassingProblems,
    ),
)]
async fn edit_filter(
    State(app): State<App>,
    caller: Caller<WriteTasks>,
    id: Result<Path<String>, PathRejection>,
    IfMatch(if_version): IfMatch,
    idempotency: Idempotency,
    Json(body): Json<Value>,
) -> Result<Response, Problem> {
    let (id, patch) = (read_id(id)?, read(body, &caller.zone, false)?);
    let (change, now) = (change(&app, &caller, &idempotency), app.clock.now());
    let asked = (if_version, patch.clone());
    let outcome = once(&app.pool, change, &asked, async |db: &mut sqlx::PgConnection| {
        saved_filters::edit(db, caller.id, id, if_version, &patch, now).await
    });
    Ok(shown(done(outcome.await?)?))
}

/// Deletes a saved filter. Its tasks stay.
#[utoipa::path(
    delete, path = "/api/v1/filters/{id}", tag = "filters", security(("access_token" = []), ("api_token" = ["tasks:write"])),
    params(
        ("id" = Uuid, Path),
        ("If-Match" = Option<String>, Header, description = "Only delete this version"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "You have no such filter", body = platform::problem::Body,
            content_type = "application/problem+json"),
        CallerProblems, ChangeProblems, PassingProblems, crate::openapi::ParameterProblems,
    ),
)]
async fn delete_filter(
    State(app): State<App>,
    caller: Caller<WriteTasks>,
    id: Result<Path<String>, PathRejection>,
    IfMatch(if_version): IfMatch,
    idempotency: Idempotency,
) -> Result<StatusCode, Problem> {
    let (id, change) = (read_id(id)?, change(&app, &caller, &idempotency));
    let outcome = once(&app.pool, change, &if_version, async |db: &mut sqlx::PgConnection| {
        saved_filters::delete(db, caller.id, id, if_version).await
    });
    done(outcome.await?).map(|_| StatusCode::NO_CONTENT)
}

fn change<N: Needs>(app: &App, caller: &Caller<N>, idempotency: &Idempotency) -> Change<'static> {
    let command = idempotency.key.is_some().then(|| idempotency.command_id(caller.id, app.ids.as_ref()));
    Change { kind: "SavedFilter", owner: caller.id.to_string(), command }
}

fn done(outcome: Outcome) -> Result<api::SavedFilter, Problem> {
    match outcome {
        Outcome::Done(filter) => Ok(filter),
        Outcome::Gone => Err(no_such()),
        Outcome::Mismatch(current) => {
            let detail = format!("The filter is at version {current} now; read it again.");
            Err(Problem::new(&problems::VERSION_MISMATCH, detail).header(header::ETAG, entity_tag(current)))
        }
        Outcome::TooMany => {
            let detail = format!("You have {} saved filters, as many as there may be.", saved_filters::MOST);
            Err(Problem::invalid("", "too_many", detail))
        }
    }
}

fn shown(filter: api::SavedFilter) -> Response {
    ([(header::ETAG, entity_tag(filter.version))], Json(filter)).into_response()
}

fn read_id(path: Result<Path<String>, PathRejection>) -> Result<Uuid, Problem> {
    path.ok().and_then(|Path(id)| parse_id(&id)).ok_or_else(no_such)
}

fn no_such() -> Problem {
    Problem::not_found("You have no such saved filter.")
}

fn read(body: Value, zone: &UserZone, is_new: bool) -> Result<api::SavedFilterPatch, Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let mut patch = api::SavedFilterPatch::default();
    for (member, parse, into) in [
        ("name", &parse_name as &dyn Fn(&str) -> Result<String, Violations>, &mut patch.name),
        ("query", &|text: &str| parse_query(text, zone), &mut patch.query),
    ] {
        match body.take_nullable(member) {
            Some(Some(value)) => *into = found.text(member, value).and_then(|text| found.keep(parse(&text))),
            Some(None) => found.report(member, "required", "This cannot be null."),
            None if is_new => found.report(member, "required", "This is missing."),
            None => {}
        }
    }
    found.unknown_members(body, &["id", "version", "created_at", "updated_at"]);
    found.finish(Some(patch))
}

fn parse_name(text: &str) -> Result<String, Violations> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > NAME_CHARS || text.chars().any(char::is_control) {
        let detail = format!("A name is one line of 1 to {NAME_CHARS} characters.");
        return Err(Violation::new("name", "invalid_name", detail).into());
    }
    Ok(text.to_owned())
}

/// Read as a list would read it, and kept as it was given.
fn parse_query(text: &str, zone: &UserZone) -> Result<String, Violations> {
    let text = text.trim_start_matches('?');
    if text.chars().count() > QUERY_CHARS {
        let detail = format!("At most {QUERY_CHARS} characters.");
        return Err(Violation::new("query", "max_length", detail).into());
    }
    let mut query = Query::parse(text).map_err(|violation| violation.at("query"))?;
    // When it is now makes no difference to whether it can be read.
    Filters::read(&mut query, zone, chrono::DateTime::UNIX_EPOCH);
    query.choice("sort", SORTS);
    query.finish().map_err(|violations| {
        let moved = violations.into_iter().map(|violation| {
            let field = format!("query.{}", violation.field);
            violation.at(field)
        });
        // There was one, so there is one.
        Violations::check(moved.collect())
            .err()
            .unwrap_or_else(|| Violation::new("query", "invalid", "").into())
    })?;
    Ok(text.to_owned())
}
