//! A page of a list of tasks.

use axum::response::{IntoResponse, Response};
use contracts::api;
use domain::UserId;
use http::{HeaderValue, header};
use platform::{Json, Problem};
use sqlx::{PgConnection, error::DatabaseError};
use uuid::Uuid;

use super::{
    Phase,
    cursor::TaskCursor,
    filters::Project,
    gather::{Source, gather},
    sql::{self, Asked},
    walk::{Found, walk},
};
use crate::{
    app::App,
    caller::Caller,
    query::{Place, Query, invalid_cursor},
    scope::ReadTasks,
};

/// A page, with links to the next one and the first (RFC 8288).
pub(crate) struct Listing {
    page: api::Page<api::Task>,
    place: Place,
}

impl IntoResponse for Listing {
    fn into_response(self) -> Response {
        let links = self.place.links(self.page.next_cursor.as_deref());
        let mut response = Json(self.page).into_response();
        // It is made of the request's own target, so it is a header value.
        if let Ok(links) = HeaderValue::from_str(&links) {
            response.headers_mut().insert(header::LINK, links);
        }
        response
    }
}

/// The page that the query's `limit` and `cursor` say.
pub(crate) async fn list(
    app: &App,
    caller: &Caller<ReadTasks>,
    mut query: Query,
    phases: Vec<Phase>,
) -> Result<Listing, Problem> {
    let limit = query.limit();
    let place = query.place();
    let name = place.name();
    let after =
        query.parsed("cursor", |text| TaskCursor::decode(text, &name, &phases).ok_or_else(invalid_cursor));
    query.finish()?;
    let mut db = sql::begin(&app.pool).await?;
    let read = read(&mut db, caller.id, &phases, after, limit).await;
    let (found, next) = read.map_err(|error| too_much(error, &phases))?;
    db.commit().await?;
    let items = found.iter().map(|found| api::Task::from(&found.task)).collect();
    let next_cursor = next.map(|cursor| cursor.encode(&name));
    Ok(Listing { page: api::Page { items, next_cursor }, place })
}

/// Words and tags are asked for in each list: all that is too long for a `tsquery` is no fault of the database's.
fn too_much(error: sqlx::Error, phases: &[Phase]) -> Problem {
    // program_limit_exceeded and its kind
    if !error.as_database_error().and_then(DatabaseError::code).is_some_and(|code| code.starts_with("54")) {
        return error.into();
    }
    let searched = phases.iter().any(|phase| phase.filters.search.is_some());
    let field = if searched { "q" } else { "tag" };
    let detail =
        "These are too many words and tags for all of your projects at once: ask for fewer, or one project.";
    Problem::invalid(field, "too_much", detail)
}

/// At most `limit` tasks, and where to go on if there may be more.
async fn read(
    db: &mut PgConnection,
    user: UserId,
    phases: &[Phase],
    mut after: Option<TaskCursor>,
    limit: usize,
) -> Result<(Vec<Found>, Option<TaskCursor>), sqlx::Error> {
    let lists = lists(db, user).await?;
    let mut page: Vec<Found> = Vec::new();
    let mut phase_of_last = 0;
    let first = after.as_ref().map_or(0, |cursor| cursor.phase);
    for (index, phase) in phases.iter().enumerate().skip(first) {
        let after = after.take();
        let asked = Asked::new(db, &phase.filters, of_project(&lists, user, phase.filters.project)).await?;
        if asked.is_empty() {
            continue;
        }
        // One more than is wanted, to learn whether there are more.
        let count = limit + 1 - page.len();
        let (found, stopped) = read_phase(db, phase, &asked, after.as_ref(), count).await?;
        let full = found.len() == count;
        let fresh = page.len();
        page.extend(found);
        if full {
            page.pop();
            if page.len() > fresh {
                phase_of_last = index;
            }
            let last = page.last().map(|last| cursor(phase_of_last, last));
            return Ok((page, last));
        }
        if page.len() > fresh {
            phase_of_last = index;
        }
        if let Some((key, id)) = stopped {
            return Ok((page, Some(TaskCursor { phase: index, key, id })));
        }
    }
    Ok((page, None))
}

fn cursor(phase: usize, last: &Found) -> TaskCursor {
    TaskCursor { phase, key: last.key.clone(), id: last.task.task.id().0 }
}

async fn read_phase(
    db: &mut PgConnection,
    phase: &Phase,
    asked: &Asked<'_>,
    after: Option<&TaskCursor>,
    count: usize,
) -> Result<(Vec<Found>, Option<(super::order::Key, Uuid)>), sqlx::Error> {
    let sources = Source::of(phase, asked);
    // A task has few subtasks: no use to walk past all others.
    if let Some(source @ Source::Parent(_)) = sources.first()
        && let Some(found) = gather(db, phase, asked, *source, after, count).await?
    {
        return Ok((found, None));
    }
    let walked = walk(db, phase, asked, after, count).await?;
    if walked.stopped.is_some() && walked.found.len() < count {
        for source in sources {
            if let Some(found) = gather(db, phase, asked, source, after, count).await? {
                return Ok((found, None));
            }
        }
    }
    Ok((walked.found, walked.stopped))
}

/// The lists a person may read: their own, and those of their projects.
pub(super) async fn lists(db: &mut PgConnection, user: UserId) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar("SELECT $1 UNION ALL SELECT project_id FROM project_member WHERE user_id = $1")
        .bind(user.0)
        .fetch_all(db)
        .await
}

fn of_project(lists: &[Uuid], user: UserId, project: Project) -> Vec<Uuid> {
    match project {
        Project::Any => lists.to_vec(),
        Project::None => vec![user.0],
        Project::One(id) => lists.iter().copied().filter(|list| *list == id && id != user.0).collect(),
    }
}
