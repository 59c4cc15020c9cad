//! `GET /api/v1/projects`.

use axum::extract::State;
use contracts::api;
use platform::{Json, Problem};

use crate::{
    app::App,
    caller::Caller,
    openapi::{CallerProblems, ParameterProblems, PassingProblems},
    projects::{self, Place, Which},
    query::Query,
    scope::ReadProjects,
};

/// How the document names them.
#[derive(serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code, reason = "only describes the parameter")]
enum Status {
    Active,
    Archived,
    Deleted,
}

const STATUSES: [(&str, Which); 3] =
    [("active", Which::Active), ("archived", Which::Archived), ("deleted", Which::Deleted)];

/// The caller's projects and those shared with them, in the order of their positions.
#[utoipa::path(
    get, path = "/api/v1/projects", tag = "projects", security(("access_token" = []), ("api_token" = ["projects:read"])),
    params(
        ("status" = inline(Option<Status>), Query,
            description = "`active` (unless given), `archived` or `deleted`: the caller's own in the trash"),
        ("limit" = Option<u32>, Query, description = "How many, 50 unless given", minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of projects", body = api::Page<api::Project>),
        CallerProblems, PassingProblems, ParameterProblems,
    ),
)]
pub(crate) async fn list_projects(
    State(app): State<App>,
    caller: Caller<ReadProjects>,
    mut query: Query,
) -> Result<Json<api::Page<api::Project>>, Problem> {
    let which = query.choice("status", &STATUSES).unwrap_or(Which::Active);
    let (limit, after) = (query.limit(), query.parsed_cursor(Place::decode));
    query.finish()?;
    let found = projects::list(&app.pool, caller.id, which, after, limit as i64 + 1).await?;
    let page = api::Page::of(found, limit, |last| Place::of(last).encode());
    let items = page.items.iter().map(|project| api::Project::seen_by(caller.id, project)).collect();
    Ok(Json(api::Page { items, next_cursor: page.next_cursor }))
}
