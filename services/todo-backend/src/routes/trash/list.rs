//! `GET /api/v1/trash`.

use axum::extract::State;
use contracts::api;
use platform::{Json, Problem};

use crate::{
    app::App,
    caller::Caller,
    cursor::Cursor,
    openapi::{CallerProblems, ParameterProblems, PassingProblems},
    query::Query,
    scope::ReadTasks,
    trash,
};

/// The tasks in the trash, those that came last first. Each can be restored for 30 days.
#[utoipa::path(
    get, path = "/api/v1/trash", tag = "trash", security(("access_token" = []), ("api_token" = ["tasks:read"])),
    params(
        ("limit" = Option<u32>, Query, description = "How many, 50 unless given", minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of tasks", body = api::Page<api::TrashedTask>),
        CallerProblems, PassingProblems, ParameterProblems,
    ),
)]
pub(crate) async fn list_trash(
    State(app): State<App>,
    caller: Caller<ReadTasks>,
    mut query: Query,
) -> Result<Json<api::Page<api::TrashedTask>>, Problem> {
    let (limit, after) = (query.limit(), query.cursor());
    query.finish()?;
    let found = trash::list(&app.pool, caller.id, after, limit as i64 + 1).await?;
    let shown = found.iter().filter_map(|snapshot| {
        let deleted_at = snapshot.task.deleted_at()?;
        Some(api::TrashedTask { task: snapshot.into(), deleted_at, kept_until: deleted_at + trash::KEPT })
    });
    let cursor = |trashed: &api::TrashedTask| Cursor { at: trashed.deleted_at, id: trashed.task.id }.encode();
    Ok(Json(api::Page::of(shown.collect(), limit, cursor)))
}
