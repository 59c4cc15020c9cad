//! Accounts: how one comes to be, and how its owner gets in.

mod forgot_password;
mod login;
mod logout;
mod oidc;
mod refresh;
mod register;
mod reset_password;
mod verify_email;

use axum::response::{IntoResponse, Response};
use contracts::api;
use http::{StatusCode, header};
use platform::{Json, Problem};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    accounts::Account,
    app::App,
    sessions::{self, Signed, UserAgent},
};

pub(super) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register::register))
        .routes(routes!(login::login))
        .routes(routes!(refresh::refresh))
        .routes(routes!(logout::logout))
        .routes(routes!(oidc::begin_oidc))
        .routes(routes!(oidc::finish_oidc))
        .routes(routes!(verify_email::verify_email))
        .routes(routes!(forgot_password::forgot_password))
        .routes(routes!(reset_password::reset_password))
}

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

/// Ends the sessions of an account, but for one of them.
pub(super) async fn end_sessions(
    app: &App,
    account: &Account,
    but: Option<uuid::Uuid>,
) -> Result<(), Problem> {
    sessions::end(app, account.user_id(), |session| Some(session.id) != but).await.map(drop)
}
