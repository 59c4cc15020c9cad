//! `GET /api/v1/export`: a person's tasks as a file.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use contracts::task::TaskSnapshot;
use domain::UserZone;
use exchange::{
    ical::{self, Calendar},
    own, todoist,
};
use http::{HeaderValue, header};
use platform::Problem;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    caller::Caller,
    cursor::Cursor,
    openapi::{CallerProblems, ParameterProblems, PassingProblems},
    query::Query,
    scope::ReadTasks,
    tasks,
};

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    Ics,
    Csv,
    Json,
}

/// The open and done tasks as a file of at most 5,000; `Link: <…>; rel="next"` leads to the next.
///
/// `json` keeps all that can be set; `ics` is iCalendar; `csv` is Todoist's, with open tasks only. Each can be
/// imported again.
#[utoipa::path(
    get, path = "/api/v1/export", tag = "tasks", security(("access_token" = []), ("api_token" = ["tasks:read"])),
    params(
        ("format" = inline(Option<Format>), Query, description = "`json` (unless given), `ics` or `csv`"),
        ("cursor" = Option<String>, Query, description = "As the `Link` of the file before has it"),
    ),
    responses(
        (status = 200, description = "The file", headers(
            ("Link" = Option<String>, description = "RFC 8288, to the next file"),
        ), content(
            (serde_json::Value = "application/json"), (String = "text/calendar"), (String = "text/csv"),
        )),
        CallerProblems, ParameterProblems, PassingProblems,
    ),
)]
pub(crate) async fn export_tasks(
    State(app): State<App>,
    caller: Caller<ReadTasks>,
    mut query: Query,
) -> Result<Response, Problem> {
    let formats = [("json", Format::Json), ("ics", Format::Ics), ("csv", Format::Csv)];
    let format = query.choice("format", &formats).unwrap_or(Format::Json);
    let after = query.cursor();
    query.finish()?;
    // One more than a file has, to know whether there is another.
    let mut found =
        tasks::of_owner(&app.pool, caller.id, None, after, exchange::MAX_ITEMS as i64 + 1).await?;
    let more = found.len() > exchange::MAX_ITEMS;
    found.truncate(exchange::MAX_ITEMS);
    let (kind, name, text) = written(format, &found, &caller.zone)?;
    let disposition = format!("attachment; filename=\"almanac.{name}\"");
    let mut response = (
        [
            (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
            (header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).map_err(Problem::internal)?),
        ],
        text,
    )
        .into_response();
    if let Some(last) = found.last().filter(|_| more) {
        let cursor = Cursor { at: last.task.created_at(), id: last.task.id().0 }.encode();
        let link = format!("</api/v1/export?format={name}&cursor={cursor}>; rel=\"next\"");
        response.headers_mut().insert(header::LINK, HeaderValue::from_str(&link).map_err(Problem::internal)?);
    }
    Ok(response)
}

fn written(
    format: Format,
    tasks: &[TaskSnapshot],
    user: &UserZone,
) -> Result<(&'static str, &'static str, String), Problem> {
    Ok(match format {
        Format::Json => ("application/json", "json", own::write(tasks).to_string()),
        Format::Ics => {
            let calendar = Calendar { name: "Almanac", tasks, user };
            ("text/calendar; charset=utf-8", "ics", ical::write(calendar))
        }
        Format::Csv => ("text/csv; charset=utf-8", "csv", todoist::write(tasks).map_err(Problem::internal)?),
    })
}
