//! Accounts: how one comes to be, and how its owner gets in.

pub(super) mod login;
pub(super) mod register;

use axum::response::{IntoResponse, Response};
use contracts::api;
use http::{StatusCode, header};
use platform::{Json, Problem};

use crate::{accounts::Account, app::App};

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
