//! `POST /api/v1/auth/refresh`: continues a session.

use axum::extract::State;
use contracts::api;
use domain::{Violation, Violations};
use http::StatusCode;
use platform::{Json, Problem};
use serde_json::Value;

use super::SignedIn;
use crate::{
    accounts,
    app::App,
    idempotency::Idempotency,
    input::Found,
    openapi::{BodyProblems, CallerProblems, PassingProblems},
    refresh_token::RefreshToken,
    sessions,
    tokens::invalid,
};

/// Exchanges a refresh token for its successor and a new access token.
///
/// Each refresh token is used once. If no answer arrives, send the same one again: within a minute, or any time under
/// the same `Idempotency-Key`, it gets the same successor as long as nobody has used that. Any other second use ends
/// the session, because somebody else may have the token.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", tag = "account", request_body = api::Refresh,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    responses(
        (status = 200, description = "The account, still signed in", body = api::Session),
        CallerProblems, BodyProblems, PassingProblems,
    ),
)]
pub(crate) async fn refresh(
    State(app): State<App>,
    idempotency: Idempotency,
    Json(body): Json<Value>,
) -> Result<SignedIn, Problem> {
    let token = read(body)?;
    // What is no refresh token at all is none that holds.
    let token = RefreshToken::parse(&token)
        .ok_or_else(|| invalid("The refresh token does not hold. Sign in again."))?;
    let account = accounts::of_session(&app.pool, token.user, Some(token.session)).await?;
    let account = account.ok_or_else(|| invalid("The session has ended. Sign in again."))?;
    let signed = sessions::refresh(&app, &token, idempotency.key.as_deref()).await?;
    Ok(SignedIn::of(&app, &account, signed, StatusCode::OK))
}

fn read(body: Value) -> Result<String, Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let token = found.required(&mut body, "refresh_token", |text| Ok::<_, Violation>(text.to_owned()));
    found.unknown_members(body, &[]);
    found.finish(token)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;
    use sqlx::PgPool;

    use crate::test_support::{Answer, Backend};

    async fn registered(backend: &Backend) -> Answer {
        let ada =
            json!({"email": "ada@example.org", "password": "correct horse", "time_zone": "Europe/Berlin"});
        let answer = backend.post("/api/v1/auth/register", ada).await;
        assert_eq!(answer.status, 201);
        answer
    }

    async fn refresh(backend: &Backend, of: &Answer) -> Answer {
        backend.post("/api/v1/auth/refresh", json!({"refresh_token": of.body["refresh_token"]})).await
    }

    async fn status_of_me(backend: &Backend, of: &Answer) -> u16 {
        let token = of.body["access_token"].as_str().unwrap();
        backend.request("GET", "/api/v1/me").token(token).send().await.status
    }

    #[sqlx::test(migrations = false)]
    async fn a_session_goes_on_by_refresh_tokens_each_used_once(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let first = registered(&backend).await;
        backend.clock.advance(TimeDelta::days(29));
        let second = refresh(&backend, &first).await;
        assert_eq!(second.status, 200, "{:?}", second.body);
        assert_eq!(second.headers["cache-control"], "no-store");
        assert_eq!(
            (&second.body["user"], &second.body["session_id"]),
            (&first.body["user"], &first.body["session_id"])
        );
        assert_ne!(second.body["refresh_token"], first.body["refresh_token"]);
        assert_eq!(status_of_me(&backend, &second).await, 200);
        backend.clock.advance(TimeDelta::days(30));
        assert_eq!(refresh(&backend, &second).await.status, 401, "nobody used it for 30 days");
    }

    #[sqlx::test(migrations = false)]
    async fn a_lost_answer_is_given_again_and_a_second_user_ends_the_session(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let first = registered(&backend).await;
        let (a, b) = tokio::join!(refresh(&backend, &first), refresh(&backend, &first));
        assert_eq!((a.status, b.status), (200, 200));
        assert_eq!(a.body["refresh_token"], b.body["refresh_token"], "two tabs have one session");
        backend.clock.advance(TimeDelta::minutes(2));
        let reused = refresh(&backend, &first).await;
        assert_eq!((reused.status, reused.kind()), (401, "/api/problems/unauthorized"));
        assert_eq!(refresh(&backend, &a).await.status, 401, "for whoever has the successor, too");
        assert_eq!(status_of_me(&backend, &a).await, 401, "at once");
    }

    #[sqlx::test(migrations = false)]
    async fn without_the_state_store_nothing_is_lost(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let first = registered(&backend).await;
        backend.state.fail(true);
        assert_eq!(refresh(&backend, &first).await.status, 503);
        assert_eq!(status_of_me(&backend, &first).await, 200, "access tokens hold without it");
        backend.state.fail(false);
        assert_eq!(refresh(&backend, &first).await.status, 200);
    }

    #[sqlx::test(migrations = false)]
    async fn what_is_no_refresh_token_does_not_hold(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let first = registered(&backend).await;
        for no_token in ["", "alr_", "alr_AAAA", first.body["access_token"].as_str().unwrap()] {
            let answer = backend.post("/api/v1/auth/refresh", json!({"refresh_token": no_token})).await;
            assert_eq!(answer.status, 401, "{no_token}");
        }
        let answer = backend.post("/api/v1/auth/refresh", json!({"refresh_token": 7, "x": 1})).await;
        assert_eq!((answer.status, answer.fields()), (422, vec!["refresh_token".to_owned(), "x".to_owned()]));
    }
}
