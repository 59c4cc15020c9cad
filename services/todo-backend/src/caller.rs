//! Who calls: the account of the access token.

use axum::extract::FromRequestParts;
use domain::{UserId, UserZone};
use http::{header, request::Parts};
use platform::Problem;

use crate::{
    accounts::{self, Account},
    app::App,
    tokens,
};

/// A caller whose token holds and whose account still exists.
pub(crate) struct Caller {
    pub(crate) account: Account,
    pub(crate) id: UserId,
    pub(crate) zone: UserZone,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = bearer(parts)
            .ok_or_else(|| Problem::unauthorized("Send an access token: `Authorization: Bearer …`."))?;
        let user = app.tokens.verify(token, app.clock.now())?;
        let account = accounts::by_id(&app.pool, user)
            .await?
            .ok_or_else(|| tokens::invalid("The account of this access token is gone."))?;
        Ok(Self { id: user, zone: account.zone()?, account })
    }
}

/// RFC 6750 section 2.1; the scheme's name is case-insensitive.
fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}
