//! `DELETE /api/v1/trash`.

use axum::extract::State;
use http::StatusCode;
use platform::Problem;

use crate::{
    app::App,
    caller::Caller,
    idempotency::Idempotency,
    openapi::{CallerProblems, ParameterProblems, PassingProblems},
    scope::WriteTasks,
    trash,
};

/// Empties the trash: deletes for good all tasks in it. After a 503, send it again for the rest.
#[utoipa::path(
    delete, path = "/api/v1/trash", tag = "trash", security(("access_token" = []), ("api_token" = ["tasks:write"])),
    params(("Idempotency-Key" = Option<String>, Header, description = "It is safe to send again without, too")),
    responses(
        (status = 204, description = "It is empty"),
        CallerProblems, PassingProblems, ParameterProblems,
    ),
)]
pub(crate) async fn empty_trash(
    State(app): State<App>,
    caller: Caller<WriteTasks>,
    _: Idempotency,
) -> Result<StatusCode, Problem> {
    trash::empty(&app, caller.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
