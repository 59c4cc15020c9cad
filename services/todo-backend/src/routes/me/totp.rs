//! `POST /api/v1/me/totp…`: a second factor for an account.

use axum::extract::State;
use contracts::api;
use domain::{Violation, Violations};
use http::{StatusCode, header};
use platform::{Json, Problem};
use serde_json::Value;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    caller::Caller,
    client_address::ClientAddress,
    idempotency::Idempotency,
    input::Found,
    openapi::{AttemptProblems, BodyProblems, CallerProblems, PassingProblems},
    problems,
    throttle::Attempt,
    totp,
};

pub(super) fn endpoints() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(enrol_totp))
        .routes(routes!(confirm_totp))
        .routes(routes!(disable_totp))
}

/// Begins to set up a second factor: a secret for an authenticator.
///
/// It counts once `confirm` was sent a code; until then each request gives another secret. The e-mail address must be
/// confirmed, or somebody who registered with the address of another could lock them out.
#[utoipa::path(
    post, path = "/api/v1/me/totp", tag = "account", security(("access_token" = [])),
    request_body = api::EnrolTotp,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    responses(
        (status = 200, description = "What the authenticator is told", body = api::TotpEnrolment),
        (status = 409, description = "There is a second factor, or the address is not confirmed",
            body = platform::problem::Body, content_type = "application/problem+json"),
        CallerProblems, BodyProblems, AttemptProblems, PassingProblems,
    ),
)]
pub(crate) async fn enrol_totp(
    State(app): State<App>,
    caller: Caller,
    ClientAddress(from): ClientAddress,
    _: Idempotency,
    Json(body): Json<Value>,
) -> Result<([(header::HeaderName, &'static str); 1], Json<api::TotpEnrolment>), Problem> {
    let account = &caller.account;
    let password = one(body, "password")?;
    if account.email_verified_at.is_none() {
        let detail = "Confirm your e-mail address first.";
        return Err(Problem::new(&problems::EMAIL_NOT_VERIFIED, detail));
    }
    let attempt = Attempt::begin(&app, &account.email, from).await?;
    let check = super::password::check(&app, account, password, "password");
    let (attempt, ()) = attempt.judge(&app, check).await?;
    attempt.succeeded(&app, account.id).await?;
    let enrolment = totp::enrol(&app, account).await?.ok_or_else(|| {
        Problem::new(&problems::TOTP_ENABLED, "Disable the present second factor before you set up another.")
    })?;
    let body = api::TotpEnrolment { secret: enrolment.secret, otpauth_uri: enrolment.uri };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)))
}

/// Confirms the second factor by a code, and answers ten recovery codes.
///
/// From now on signing in takes a code. Each recovery code stands in for one once; they are told only here. With a later
/// code this gives ten others, in the place of those.
#[utoipa::path(
    post, path = "/api/v1/me/totp/confirm", tag = "account", security(("access_token" = [])),
    request_body = api::ConfirmTotp,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    responses(
        (status = 200, description = "The second factor counts", body = api::RecoveryCodes),
        CallerProblems, BodyProblems, AttemptProblems, PassingProblems,
    ),
)]
pub(crate) async fn confirm_totp(
    State(app): State<App>,
    caller: Caller,
    ClientAddress(from): ClientAddress,
    _: Idempotency,
    Json(body): Json<Value>,
) -> Result<([(header::HeaderName, &'static str); 1], Json<api::RecoveryCodes>), Problem> {
    let account = &caller.account;
    let code = one(body, "code")?;
    let attempt = Attempt::begin(&app, &account.email, from).await?;
    let (attempt, codes) = attempt.judge(&app, totp::confirm(&app, account, &code)).await?;
    let recovery_codes = codes.ok_or_else(wrong)?;
    attempt.succeeded(&app, account.id).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(api::RecoveryCodes { recovery_codes })))
}

/// Removes the second factor; takes the password and a code of either kind. Sent again, it is a 204 again.
#[utoipa::path(
    post, path = "/api/v1/me/totp/disable", tag = "account", security(("access_token" = [])),
    request_body = api::DisableTotp,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    responses(
        (status = 204, description = "Signing in takes the password alone"),
        CallerProblems, BodyProblems, AttemptProblems, PassingProblems,
    ),
)]
pub(crate) async fn disable_totp(
    State(app): State<App>,
    caller: Caller,
    ClientAddress(from): ClientAddress,
    _: Idempotency,
    Json(body): Json<Value>,
) -> Result<StatusCode, Problem> {
    let account = &caller.account;
    let (password, code) = read(body)?;
    if !account.totp {
        return Ok(StatusCode::NO_CONTENT);
    }
    let attempt = Attempt::begin(&app, &account.email, from).await?;
    let check = super::password::check(&app, account, password, "password");
    let (attempt, ()) = attempt.judge(&app, check).await?;
    let (attempt, spent) = attempt.judge(&app, totp::spend(&app, account, &code)).await?;
    if !spent {
        return Err(wrong());
    }
    attempt.succeeded(&app, account.id).await?;
    totp::remove(&app.pool, account.id).await?;
    tracing::info!(user = %account.id, "a second factor was removed");
    Ok(StatusCode::NO_CONTENT)
}

fn wrong() -> Problem {
    let detail = "The code does not hold, or was used. Wait for the next one.";
    Violation::new("code", "wrong_code", detail).into()
}

fn read(body: Value) -> Result<(String, String), Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let password = found.required(&mut body, "password", |text| Ok(text.to_owned()));
    let code = found.required(&mut body, "code", |text| Ok(text.to_owned()));
    found.unknown_members(body, &[]);
    found.finish(password.zip(code))
}

fn one(body: Value, name: &str) -> Result<String, Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let value = found.required(&mut body, name, |text| Ok(text.to_owned()));
    found.unknown_members(body, &[]);
    found.finish(value)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::{Value, json};
    use sqlx::PgPool;

    use crate::{
        test_support::{Answer, Backend, PASSWORD, User},
        totp::shown,
    };

    const EMAIL: &str = "ada@example.org";

    async fn post(backend: &Backend, user: &User, path: &str, body: Value) -> Answer {
        let path = format!("/api/v1/me/totp{path}");
        backend.request("POST", &path).token(&user.token).json(body).send().await
    }

    async fn verified(backend: &Backend) -> User {
        let ada = backend.register(EMAIL).await;
        let token = backend.mailed(EMAIL).await.token;
        assert_eq!(backend.post("/api/v1/auth/verify-email", json!({"token": token})).await.status, 204);
        ada
    }

    /// Somebody with a second factor: its secret, and the recovery codes.
    async fn enrolled(backend: &Backend) -> (User, String, Vec<String>) {
        let ada = verified(backend).await;
        let answer = post(backend, &ada, "", json!({"password": PASSWORD})).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        let secret = answer.body["secret"].as_str().unwrap().to_owned();
        let code = shown(&secret, backend.app.clock.now());
        let answer = post(backend, &ada, "/confirm", json!({"code": code})).await;
        assert_eq!((answer.status, &answer.headers["cache-control"]), (200, &"no-store".parse().unwrap()));
        let codes = answer.body["recovery_codes"].as_array().unwrap();
        let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
        backend.clock.advance(TimeDelta::minutes(1));
        (ada, secret, codes)
    }

    async fn login(backend: &Backend, code: Option<&str>) -> Answer {
        let mut body = json!({"email": EMAIL, "password": PASSWORD});
        if let Some(code) = code {
            body["totp"] = code.into();
        }
        backend.post("/api/v1/auth/login", body).await
    }

    #[sqlx::test(migrations = false)]
    async fn signing_in_takes_a_code_and_each_code_once(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let (ada, secret, _) = enrolled(&backend).await;
        assert_eq!(backend.me(&ada).await["totp"], true);

        let without = login(&backend, None).await;
        assert_eq!((without.status, without.kind()), (401, "/api/problems/totp-required"));
        let code = shown(&secret, backend.app.clock.now());
        let (a, b) = tokio::join!(login(&backend, Some(&code)), login(&backend, Some(&code)));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401], "at once");
        let replayed = login(&backend, Some(&code)).await;
        assert_eq!((replayed.status, replayed.kind()), (401, "/api/problems/wrong-code"));
        backend.clock.advance(TimeDelta::seconds(30));
        assert_eq!(login(&backend, Some(&code)).await.status, 401, "still within the skew");
        assert_eq!(login(&backend, Some(&shown(&secret, backend.app.clock.now()))).await.status, 200);
        // A clock that is half a minute behind; one that is two minutes behind.
        backend.clock.advance(TimeDelta::minutes(5));
        let behind = |seconds| shown(&secret, backend.app.clock.now() - TimeDelta::seconds(seconds));
        assert_eq!(login(&backend, Some(&behind(120))).await.status, 401);
        assert_eq!(login(&backend, Some(&behind(30))).await.status, 200);
    }

    #[sqlx::test(migrations = false)]
    async fn a_code_is_not_spent_where_no_session_can_be_begun(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let (_, secret, recovery) = enrolled(&backend).await;
        let code = shown(&secret, backend.app.clock.now());
        backend.state.fail(true);
        // More often than failures are free.
        for _ in 0..10 {
            for code in [&code, &recovery[0]] {
                assert_eq!(login(&backend, Some(code)).await.status, 503);
            }
        }
        backend.state.fail(false);
        for code in [&code, &recovery[0]] {
            assert_eq!(login(&backend, Some(code)).await.status, 200);
        }
    }

    #[sqlx::test(migrations = false)]
    async fn after_others_failed_the_code_comes_right_after_the_password(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let (_, secret, _) = enrolled(&backend).await;
        let guess = json!({"email": EMAIL, "password": "guessed it"});
        while backend.post("/api/v1/auth/login", guess.clone()).await.status != 429 {}
        backend.clock.advance(TimeDelta::minutes(15));
        assert_eq!(login(&backend, None).await.kind(), "/api/problems/totp-required");
        let code = shown(&secret, backend.app.clock.now());
        assert_eq!(login(&backend, Some(&code)).await.status, 200);
    }

    #[sqlx::test(migrations = false)]
    async fn whether_there_is_a_second_factor_is_told_to_who_knows_the_password_alone(pool: PgPool) {
        let backend = Backend::new(pool).await;
        enrolled(&backend).await;
        let body = json!({"email": EMAIL, "password": "guessed it", "totp": "000000"});
        let answer = backend.post("/api/v1/auth/login", body).await;
        assert_eq!((answer.status, answer.kind()), (401, "/api/problems/wrong-credentials"));
    }

    #[sqlx::test(migrations = false)]
    async fn codes_cannot_be_guessed_at_leisure(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let (_, secret, _) = enrolled(&backend).await;
        let mut tried = 0;
        let answer = loop {
            let answer = login(&backend, Some("000000")).await;
            if answer.status == 429 {
                break answer;
            }
            tried += 1;
        };
        assert!(tried < 10, "{tried}");
        assert_eq!(answer.kind(), "/api/problems/too-many-attempts");
        assert!(answer.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() >= 1);
        let code = shown(&secret, backend.app.clock.now());
        assert_eq!(login(&backend, Some(&code)).await.status, 429, "nor is the right one told from others");
        backend.clock.advance(TimeDelta::minutes(16));
        let code = shown(&secret, backend.app.clock.now());
        assert_eq!(login(&backend, Some(&code)).await.status, 200, "and nobody is shut out for good");
    }

    #[sqlx::test(migrations = false)]
    async fn recovery_codes_stand_in_once_each_and_are_kept_as_hashes(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        let (ada, secret, codes) = enrolled(&backend).await;
        assert_eq!(codes.len(), 10);
        let typed = codes[0].to_lowercase().replace('-', " ");
        assert_eq!(login(&backend, Some(&typed)).await.status, 200);
        assert_eq!(login(&backend, Some(&codes[0])).await.status, 401, "used");
        let stored: String = sqlx::query_scalar(
            "SELECT string_agg(c::text, ' ') || (SELECT string_agg(t::text, ' ') FROM account_totp AS t)
             FROM account_recovery_code AS c",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        assert!(!stored.contains(&codes[1]) && !stored.contains(&secret));

        let code = shown(&secret, backend.app.clock.now());
        let renewed = post(&backend, &ada, "/confirm", json!({"code": code})).await;
        assert_eq!(renewed.status, 200);
        assert_eq!(login(&backend, Some(&codes[1])).await.status, 401, "replaced");
        let new = renewed.body["recovery_codes"][0].as_str().unwrap();
        assert_eq!(login(&backend, Some(new)).await.status, 200);
    }

    #[sqlx::test(migrations = false)]
    async fn it_is_set_up_with_a_confirmed_address_and_the_password_and_counts_when_confirmed(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let bob = backend.register("bob@example.org").await;
        let answer = post(&backend, &bob, "", json!({"password": PASSWORD})).await;
        assert_eq!((answer.status, answer.kind()), (409, "/api/problems/email-not-verified"));

        let ada = verified(&backend).await;
        let answer = post(&backend, &ada, "", json!({"password": "guessed it"})).await;
        assert_eq!((answer.status, answer.fields()), (422, vec!["password".to_owned()]));
        let answer = post(&backend, &ada, "", json!({"password": PASSWORD})).await;
        let uri = answer.body["otpauth_uri"].as_str().unwrap();
        assert!(uri.starts_with("otpauth://totp/Almanac:ada%40example.org?"), "{uri}");
        let answer = post(&backend, &ada, "/confirm", json!({"code": "000000"})).await;
        assert_eq!((answer.status, answer.fields()), (422, vec!["code".to_owned()]));
        assert_eq!(login(&backend, None).await.status, 200, "it does not count yet");
    }

    #[sqlx::test(migrations = false)]
    async fn it_is_removed_by_password_and_code_together(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let (ada, secret, codes) = enrolled(&backend).await;
        let answer = post(&backend, &ada, "", json!({"password": PASSWORD})).await;
        assert_eq!((answer.status, answer.kind()), (409, "/api/problems/totp-enabled"));
        let code = shown(&secret, backend.app.clock.now());
        for body in
            [json!({"password": "guessed it", "code": code}), json!({"password": PASSWORD, "code": "000000"})]
        {
            assert_eq!(post(&backend, &ada, "/disable", body).await.status, 422);
        }
        for _ in 0..2 {
            let body = json!({"password": PASSWORD, "code": codes[3]});
            assert_eq!(post(&backend, &ada, "/disable", body).await.status, 204, "sent again, too");
        }
        assert_eq!(login(&backend, None).await.status, 200);
        assert_eq!(backend.me(&ada).await["totp"], false);
    }
}
