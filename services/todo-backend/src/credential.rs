//! What a request shows to say who sends it: an access token of a session, an API token, or nothing that holds.

use domain::UserId;
use http::{HeaderMap, header};
use platform::Problem;
use uuid::Uuid;

use crate::{
    api_tokens::{self, ApiToken},
    app::App,
    tokens::{Access, invalid},
};

#[derive(Clone)]
pub(crate) enum Credential {
    Session(Access),
    Api(ApiToken),
}

/// What came of looking at a request's, kept with the request, so that nobody looks again.
#[derive(Clone)]
pub(crate) struct Checked(pub(crate) Result<Credential, Problem>);

impl Credential {
    /// The one of a request, if it holds; whether its session has ended is not looked at.
    pub(crate) async fn of(app: &App, headers: &HeaderMap) -> Result<Self, Problem> {
        let token = bearer(headers)
            .ok_or_else(|| Problem::unauthorized("Send an access token: `Authorization: Bearer …`."))?;
        match token.strip_prefix(api_tokens::PREFIX) {
            None => app.tokens.verify(token, app.clock.now()).map(Self::Session),
            Some(secret) => {
                let found = api_tokens::holding(&app.pool, secret, app.clock.now()).await?;
                found.map(Self::Api).ok_or_else(|| invalid("The API token does not hold."))
            }
        }
    }

    pub(crate) fn user(&self) -> UserId {
        match self {
            Self::Session(access) => access.user,
            Self::Api(token) => UserId(token.user_id),
        }
    }

    pub(crate) fn session(&self) -> Option<Uuid> {
        match self {
            Self::Session(access) => access.session,
            Self::Api(_) => None,
        }
    }
}

/// RFC 6750 section 2.1; the scheme's name is case-insensitive.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}
