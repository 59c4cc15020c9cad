//! `POST /api/v1/auth/logout`: ends the session of the access token.

use axum::extract::State;
use http::StatusCode;
use platform::Problem;

use crate::{
    app::App,
    caller::Caller,
    openapi::{CallerProblems, PassingProblems},
    sessions,
};

/// Signs out: neither this access token nor the refresh token of its session holds any more.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", tag = "account", security(("access_token" = [])),
    responses((status = 204, description = "Signed out"), CallerProblems, PassingProblems),
)]
pub(crate) async fn logout(State(app): State<App>, caller: Caller) -> Result<StatusCode, Problem> {
    let current = caller.session()?;
    sessions::end(&app, caller.id, |session| session.id == current).await?;
    Ok(StatusCode::NO_CONTENT)
}
