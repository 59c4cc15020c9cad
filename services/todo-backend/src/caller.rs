//! Who calls: the account of the access token.

use axum::extract::FromRequestParts;
use domain::{UserId, UserZone};
use http::{header, request::Parts};
use platform::Problem;
use uuid::Uuid;

use crate::{
    accounts::{self, Account},
    app::App,
    tokens::{self, Access},
};

/// A caller whose token holds and whose account still exists.
pub(crate) struct Caller {
    pub(crate) account: Account,
    pub(crate) id: UserId,
    pub(crate) zone: UserZone,
    session: Option<Uuid>,
}

impl Caller {
    /// The session of the access token.
    pub(crate) fn session(&self) -> Result<Uuid, Problem> {
        let of_earlier = || tokens::invalid("This access token is of an earlier version. Sign in again.");
        self.session.ok_or_else(of_earlier)
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = bearer(parts)
            .ok_or_else(|| Problem::unauthorized("Send an access token: `Authorization: Bearer …`."))?;
        let Access { user, session } = app.tokens.verify(token, app.clock.now())?;
        let account = accounts::of_session(&app.pool, user, session).await?;
        let account =
            account.ok_or_else(|| tokens::invalid("The session has ended, or the account is gone."))?;
        Ok(Self { id: user, zone: account.zone()?, account, session })
    }
}

/// RFC 6750 section 2.1; the scheme's name is case-insensitive.
fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}
