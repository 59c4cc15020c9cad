//! `DELETE /api/v1/me`: the end of an account.

use axum::extract::State;
use chrono::TimeDelta;
use contracts::api;
use domain::{Violation, Violations};
use http::{HeaderMap, StatusCode};
use platform::{Json, Problem};
use serde_json::Value;

use super::password;
use crate::{
    app::App,
    caller::Caller,
    client_address::ClientAddress,
    credential::Credential,
    deletion::{self, Begun},
    idempotency::Idempotency,
    input::Found,
    openapi::{AttemptProblems, BodyProblems, CallerProblems, PassingProblems},
    sessions,
    throttle::Attempt,
};

/// How long ago somebody without a password may have signed in.
const FRESH: TimeDelta = TimeDelta::minutes(10);

/// Deletes the account, for good.
///
/// From then on nobody signs in to it, and every session and API token, the calendar and the live events end. Its tasks,
/// projects and comments and all else that is personal go within minutes; who shared its projects has them no more,
/// but keeps the tasks they made there.
/// The address is free again. In the history stays what happened to which id and when, and nothing that anybody wrote.
/// There is no way back: `GET /api/v1/me/export` first.
///
/// It takes the password. An account without one takes a session that was begun in the last ten minutes. Sent again
/// with the same access token, it is a 202 again.
#[utoipa::path(
    delete, path = "/api/v1/me", tag = "account", security(("access_token" = [])),
    request_body = api::DeleteAccount,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    responses(
        (status = 202, description = "Nobody is in it any more; what is left of it goes"),
        CallerProblems, BodyProblems, AttemptProblems, PassingProblems,
    ),
)]
pub(crate) async fn delete_me(
    State(app): State<App>,
    caller: Result<Caller, Problem>,
    headers: HeaderMap,
    ClientAddress(from): ClientAddress,
    _: Idempotency,
    Json(body): Json<Value>,
) -> Result<StatusCode, Problem> {
    let caller = match caller {
        Ok(caller) => caller,
        Err(_) if was_deleted(&app, &headers).await? => return Ok(StatusCode::ACCEPTED),
        Err(problem) => return Err(problem),
    };
    let password = read(body)?;
    let account = &caller.account;
    match (account.password(), password) {
        (Some(_), Some(password)) => {
            let attempt = Attempt::begin(&app, &account.email, from).await?;
            let check = password::check(&app, account, password, "password");
            let (attempt, ()) = attempt.judge(&app, check).await?;
            attempt.succeeded(&app, account.id).await?;
        }
        (Some(_), None) => {
            return Err(Violation::new("password", "required", "Send the account's password.").into());
        }
        (None, _) => signed_in_lately(&app, &caller).await?,
    }
    match deletion::begin(&app.pool, account).await? {
        Begun::Deleted => app.deletions.wake(),
        Begun::Changed => return Err(password::wrong("password")),
    }
    Ok(StatusCode::ACCEPTED)
}

/// Whether the token was of an account that is deleted by now: the same request again, whose answer was lost.
async fn was_deleted(app: &App, headers: &HeaderMap) -> Result<bool, Problem> {
    match Credential::of(app, headers).await {
        Ok(Credential::Session(access)) => Ok(platform::is_deleted(&app.pool, access.user.0).await?),
        _ => Ok(false),
    }
}

async fn signed_in_lately(app: &App, caller: &Caller) -> Result<(), Problem> {
    let (current, since) = (caller.session()?, app.clock.now() - FRESH);
    let sessions = sessions::list(app, caller.id).await?;
    if sessions.iter().any(|session| session.id == current && session.created_at >= since) {
        return Ok(());
    }
    let detail = "This account has no password. Sign in again and send this within ten minutes.";
    Err(Violation::new("password", "sign_in_again", detail).into())
}

fn read(body: Value) -> Result<Option<String>, Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let password = body.take("password").and_then(|password| found.text("password", password));
    found.unknown_members(body, &[]);
    found.finish(Some(password))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::{Value, json};
    use sqlx::PgPool;

    use crate::test_support::{Answer, Backend, PASSWORD, User};

    async fn delete(backend: &Backend, user: &User, body: Value) -> Answer {
        backend.request("DELETE", "/api/v1/me").token(&user.token).json(body).send().await
    }

    async fn status(backend: &Backend, user: &User) -> u16 {
        backend.request("GET", "/api/v1/me").token(&user.token).send().await.status
    }

    #[sqlx::test(migrations = false)]
    async fn at_once_nobody_is_in_it_and_the_address_is_free(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.register("ada@example.org").await;
        let elsewhere = backend.signed_in("ada@example.org", PASSWORD).await;
        let token = backend.request("POST", "/api/v1/me/tokens").token(&ada.token);
        let token = token.json(json!({"name": "script", "scopes": ["account:read"]})).send().await;
        let program = User { id: ada.id, token: token.body["token"].as_str().unwrap().to_owned() };
        assert_eq!(status(&backend, &program).await, 200);

        for _ in 0..2 {
            assert_eq!(delete(&backend, &ada, json!({"password": PASSWORD})).await.status, 202, "again, too");
        }
        for user in [&ada, &elsewhere, &program] {
            assert_eq!(status(&backend, user).await, 401);
        }
        let body = json!({"email": "ada@example.org", "password": PASSWORD});
        assert_eq!(backend.post("/api/v1/auth/login", body).await.status, 401);
        let anew = backend.register("ada@example.org").await;
        assert_ne!(anew.id, ada.id);
        assert_eq!(status(&backend, &anew).await, 200);
    }

    #[sqlx::test(migrations = false)]
    async fn its_streams_end(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        let ada = backend.register("ada@example.org").await;
        let stop = backend.app.stop.clone();
        let listening = tokio::spawn(crate::live::listen(backend.app.live.clone(), stop));
        let stream = backend.request("GET", "/api/v1/events").token(&ada.token).open().await;
        assert_eq!(stream.status(), 200);
        let read = tokio::spawn(axum::body::to_bytes(stream.into_body(), 100_000));
        assert_eq!(delete(&backend, &ada, json!({"password": PASSWORD})).await.status, 202);
        let text = tokio::time::timeout(std::time::Duration::from_secs(10), read).await;
        text.expect("it ends before anybody looks at its token again").unwrap().unwrap();
        listening.abort();
    }

    #[sqlx::test(migrations = false)]
    async fn it_takes_the_password_or_a_fresh_session(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.register("ada@example.org").await;
        for (body, rule) in [
            (json!({"password": "guessed it"}), "wrong_password"),
            (json!({}), "required"),
            (json!({"password": 7}), "invalid_type"),
            (json!({"password": PASSWORD, "why": "x"}), "unknown_member"),
        ] {
            let answer = delete(&backend, &ada, body).await;
            assert_eq!((answer.status, &answer.body["errors"][0]["rule"]), (422, &rule.into()));
        }
        assert_eq!(status(&backend, &ada).await, 200);
        // Who signs in elsewhere has no password.
        let bob = backend.user("bob@example.org").await;
        backend.clock.advance(TimeDelta::minutes(11));
        let answer = delete(&backend, &bob, json!({})).await;
        assert_eq!((answer.status, &answer.body["errors"][0]["rule"]), (422, &"sign_in_again".into()));
        let cid = backend.user("cid@example.org").await;
        assert_eq!(delete(&backend, &cid, json!({})).await.status, 202);
    }
}
