//! Who calls: the account of the token, which may do what the endpoint is for.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use domain::{UserId, UserZone};
use http::{HeaderValue, header, request::Parts};
use platform::Problem;
use uuid::Uuid;

use crate::{
    accounts::{self, Account},
    app::App,
    credential::{Checked, Credential},
    problems,
    scope::{BySession, Needs},
    tokens,
};

/// A caller whose token holds and is for this, and whose account still exists.
pub(crate) struct Caller<N = BySession> {
    pub(crate) account: Account,
    pub(crate) id: UserId,
    pub(crate) zone: UserZone,
    session: Option<Uuid>,
    needs: PhantomData<N>,
}

// Whatever it is for.
impl<N> Clone for Caller<N> {
    fn clone(&self) -> Self {
        let Self { ref account, id, ref zone, session, needs } = *self;
        Self { account: account.clone(), id, zone: *zone, session, needs }
    }
}

impl Caller<BySession> {
    /// The session of the access token.
    pub(crate) fn session(&self) -> Result<Uuid, Problem> {
        let of_earlier = || tokens::invalid("This access token is of an earlier version. Sign in again.");
        self.session.ok_or_else(of_earlier)
    }
}

impl<N: Needs> FromRequestParts<App> for Caller<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        // Once only: who asks again later, about the same request, wants to know anew.
        let credential = match parts.extensions.remove::<Checked>() {
            Some(Checked(credential)) => credential?,
            None => Credential::of(app, &parts.headers).await?,
        };
        allowed::<N>(&credential)?;
        let (id, session) = (credential.user(), credential.session());
        let account = accounts::of_session(&app.pool, id, session).await?;
        let account =
            account.ok_or_else(|| tokens::invalid("The session has ended, or the account is gone."))?;
        Ok(Self { id, zone: account.zone()?, account, session, needs: PhantomData })
    }
}

/// RFC 6750 section 3.1: `insufficient_scope`.
fn allowed<N: Needs>(credential: &Credential) -> Result<(), Problem> {
    let Credential::Api(token) = credential else { return Ok(()) };
    match N::SCOPE {
        Some(needed) if token.scopes().any(|scope| scope.includes(needed)) => Ok(()),
        Some(needed) => {
            let detail = format!("This needs an API token with the scope {needed}.");
            let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{needed}\"");
            let challenge = HeaderValue::from_str(&challenge).map_err(Problem::internal)?;
            Err(Problem::new(&problems::INSUFFICIENT_SCOPE, detail)
                .header(header::WWW_AUTHENTICATE, challenge))
        }
        None => {
            let challenge = HeaderValue::from_static("Bearer error=\"insufficient_scope\"");
            Err(Problem::new(
                &problems::SESSION_REQUIRED,
                "No API token may do this, whatever its scopes. Sign in.",
            )
            .header(header::WWW_AUTHENTICATE, challenge))
        }
    }
}
