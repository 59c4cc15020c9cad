//! `GET /api/v1/auth/oidc/{provider}`, and back: signing in at an OpenID provider.

use std::collections::HashMap;

use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use contracts::api;
use domain::Zone;
use http::{HeaderMap, StatusCode, Uri, header};
use platform::Problem;
use url::form_urlencoded;

use super::SignedIn;
use crate::{
    app::App,
    oidc::{self, Answer, Browser, Login, failed},
    openapi::{ParameterProblems, PassingProblems},
    query::Query,
    sessions::UserAgent,
};

const COOKIE: &str = "almanac_oidc";
const PATH: &str = "/api/v1/auth/oidc";

/// What a provider sends somebody back with; what else it sends is passed over (RFC 6749 section 4.1.2).
struct Callback(HashMap<String, String>);

impl Callback {
    fn of(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// Sends a browser to a provider to sign in there.
///
/// Which providers there are is up to the installation. The browser gets a cookie, by which it is known when it comes
/// back; it has ten minutes.
#[utoipa::path(
    get, path = "/api/v1/auth/oidc/{provider}", tag = "account",
    params(("provider" = String, Path, description = "As it is configured"),
        ("time_zone" = Option<api::text::TimeZone>, Query, description = "The zone of an account that is made; UTC unless given",
            example = "Europe/Berlin"),
    ),
    responses(
        (status = 303, description = "To the provider", headers(("Location" = String))),
        (status = 404, description = "There is no such provider", body = platform::problem::Body,
            content_type = "application/problem+json"),
        ParameterProblems, PassingProblems,
    ),
)]
pub(crate) async fn begin_oidc(
    State(app): State<App>,
    provider: Result<Path<String>, PathRejection>,
    mut query: Query,
) -> Result<Response, Problem> {
    let provider = name(provider)?;
    let zone = query.parsed("time_zone", Zone::parse);
    query.finish()?;
    let zone = zone.map_or_else(|| "UTC".to_owned(), |zone| zone.name().to_owned());
    let (url, browser) = app.oidc.begin(&app.pool, &provider, &zone, app.clock.now()).await?;
    let secure = if app.oidc.is_secure() { "; Secure" } else { "" };
    let cookie = format!(
        "{COOKIE}={}; Path={PATH}; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
        browser.encode(),
        Browser::LIFETIME.num_seconds()
    );
    let headers = [
        (header::LOCATION, url),
        (header::SET_COOKIE, cookie),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

/// Signs in whom the provider sent back.
///
/// Who was here before is known by the provider's name for them. Else the account of their address is linked, if both
/// sides have confirmed the address and the account has no second factor; or one is made, without a password. A page of
/// the client that is the redirect URI passes its parameters on to here.
#[utoipa::path(
    get, path = "/api/v1/auth/oidc/{provider}/callback", tag = "account",
    params(("provider" = String, Path, description = "As it is configured"),
        ("state" = Option<String>, Query, description = "As it was sent there"),
        ("code" = Option<String>, Query, description = "What the ID token is fetched with"),
        ("iss" = Option<String>, Query, description = "Which provider says so (RFC 9207)"),
        ("error" = Option<String>, Query, description = "Why there is no code"),
    ),
    responses(
        (status = 200, description = "Signed in", body = api::Session),
        (status = 201, description = "Signed in to a new account", body = api::Session),
        (status = 401, description = "The provider did not confirm it, or it was not begun with this browser",
            body = platform::problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "There is no such provider", body = platform::problem::Body,
            content_type = "application/problem+json"),
        (status = 409, description = "The address has an account that cannot be linked", body = platform::problem::Body,
            content_type = "application/problem+json"),
        ParameterProblems, PassingProblems,
    ),
)]
pub(crate) async fn finish_oidc(
    State(app): State<App>,
    provider: Result<Path<String>, PathRejection>,
    agent: UserAgent,
    headers: HeaderMap,
    uri: Uri,
) -> Result<SignedIn, Problem> {
    let provider = name(provider)?;
    let (now, callback) = (app.clock.now(), Callback::of(&uri));
    let browser = cookie(&headers).and_then(Browser::decode);
    let state = callback.get("state").unwrap_or_default();
    let login = Login::take(&app.pool, &provider, state, browser.as_ref(), now).await?;
    let code = callback.get("code").filter(|_| callback.get("error").is_none());
    let code = code.ok_or_else(|| failed("The provider did not let you in."))?;
    let answer = Answer { code, issuer: callback.get("iss") };
    let claims = app.oidc.finish(&login, answer, now).await?;
    let (account, made) =
        oidc::account_of(&app.pool, &claims, &login.time_zone, app.ids.next_id(), now).await?;
    let status = if made { StatusCode::CREATED } else { StatusCode::OK };
    SignedIn::new(&app, &account, agent, status).await
}

/// What is no text names no provider.
fn name(path: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    path.map(|Path(name)| name).map_err(|_| oidc::no_such_provider())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use crate::test_support::Backend;

    #[sqlx::test(migrations = false)]
    async fn what_is_not_configured_is_no_provider(pool: PgPool) {
        let backend = Backend::new(pool).await;
        for path in ["house", "%ff", "%ff/callback"] {
            let answer = backend.request("GET", &format!("/api/v1/auth/oidc/{path}")).send().await;
            assert_eq!((answer.status, answer.kind()), (404, "/api/problems/not-found"), "{path}");
        }
    }
}
