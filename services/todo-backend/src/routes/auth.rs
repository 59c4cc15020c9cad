//! Accounts: how one comes to be, and how its owner gets in.

pub(super) mod login;
pub(super) mod logout;
pub(super) mod refresh;
pub(super) mod register;

use axum::response::{IntoResponse, Response};
use contracts::api;
use http::{StatusCode, header};
use platform::{Json, Problem};

use crate::{
    accounts::Account,
    app::App,
    sessions::{self, Signed, UserAgent},
};

/// An account with the tokens of a session.
pub(crate) struct SignedIn {
    status: StatusCode,
    session: api::Session,
}

impl SignedIn {
    /// Signs the account in: begins a session.
    async fn new(
        app: &App,
        account: &Account,
        agent: UserAgent,
        status: StatusCode,
    ) -> Result<Self, Problem> {
        let signed = sessions::begin(app, account.user_id(), agent).await?;
        Ok(Self::of(app, account, signed, status))
    }

    fn of(app: &App, account: &Account, signed: Signed, status: StatusCode) -> Self {
        let session = api::Session {
            user: account.user(),
            access_token: signed.access_token,
            expires_in: app.tokens.lifetime.num_seconds(),
            refresh_token: signed.refresh_token,
            session_id: signed.session,
        };
        Self { status, session }
    }
}

impl IntoResponse for SignedIn {
    fn into_response(self) -> Response {
        // RFC 6750 section 5.3: no cache keeps a token.
        (self.status, [(header::CACHE_CONTROL, "no-store")], Json(self.session)).into_response()
    }
}
