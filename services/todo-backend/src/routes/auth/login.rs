//! `POST /api/v1/auth/login`: an access token for an account.

use axum::extract::State;
use contracts::api;
use domain::Violations;
use http::{HeaderValue, StatusCode, header};
use platform::{Json, Problem, ProblemType};
use serde_json::Value;

use super::SignedIn;
use crate::{
    accounts::{self, Account},
    app::App,
    client_address::ClientAddress,
    email::Email,
    input::Found,
    openapi::{AttemptProblems, BodyProblems, PassingProblems},
    problems,
    sessions::{self, UserAgent},
    throttle::Attempt,
    totp,
};

struct Credentials {
    /// As it was typed; perhaps no address, and so no account's.
    email: String,
    password: String,
    totp: Option<String>,
}

/// Signs in.
///
/// A wrong password and an unknown address look the same, and take the same time. An account with a second factor takes
/// a code of it, or a recovery code, as `totp`; a 401 `totp-required` asks for it. After some failures there are pauses,
/// of a second at first, and of a quarter of an hour at most.
#[utoipa::path(
    post, path = "/api/v1/auth/login", tag = "account", request_body = api::Login,
    responses(
        (status = 200, description = "Signed in", body = api::Session),
        (status = 401, description = "The address, the password or the code is wrong, or a code is missing",
            body = platform::problem::Body, content_type = "application/problem+json"),
        BodyProblems, AttemptProblems, PassingProblems,
    ),
)]
pub(crate) async fn login(
    State(app): State<App>,
    agent: UserAgent,
    ClientAddress(from): ClientAddress,
    Json(body): Json<Value>,
) -> Result<SignedIn, Problem> {
    let Credentials { email, password, totp } = read(body)?;
    let attempt = Attempt::begin(&app, &email, from).await?;
    let account = match Email::parse(&email) {
        Ok(email) => accounts::by_email(&app.pool, &email).await?,
        Err(_) => None,
    };
    let stored = account.as_ref().and_then(Account::password);
    let (attempt, verified) = attempt.judge(&app, app.passwords.verify(password, stored)).await?;
    let account = account.filter(|_| verified).ok_or_else(wrong)?;
    let attempt = if account.totp {
        let Some(code) = totp else {
            attempt.undecided(&app).await?;
            return Err(refused(
                &problems::TOTP_REQUIRED,
                "Send a code of the authenticator as `totp`, too.",
            ));
        };
        let spending = async {
            // Else the code would be gone, and its owner not signed in.
            sessions::ready(&app, account.user_id()).await?;
            totp::spend(&app, &account, &code).await
        };
        let (attempt, spent) = attempt.judge(&app, spending).await?;
        if !spent {
            return Err(refused(
                &problems::WRONG_CODE,
                "The code does not hold, or was used. Wait for the next one.",
            ));
        }
        attempt
    } else {
        attempt
    };
    attempt.succeeded(&app, account.id).await?;
    sign_in(&app, &account, agent).await
}

/// Signs in whose password was verified, unless it was changed meanwhile: that ended the sessions that there were, and
/// perhaps not this one.
async fn sign_in(app: &App, account: &Account, agent: UserAgent) -> Result<SignedIn, Problem> {
    let signed_in = SignedIn::new(app, account, agent, StatusCode::OK).await?;
    let now = accounts::by_id(&app.pool, account.user_id()).await?;
    if now.is_some_and(|now| now.password_hash == account.password_hash) {
        return Ok(signed_in);
    }
    sessions::end_this(app, account.user_id(), signed_in.session.session_id).await?;
    Err(wrong())
}

fn wrong() -> Problem {
    refused(&problems::WRONG_CREDENTIALS, "The e-mail address or the password is wrong.")
}

fn refused(kind: &ProblemType, detail: &str) -> Problem {
    Problem::new(kind, detail).header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

fn read(body: Value) -> Result<Credentials, Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let email = found.required(&mut body, "email", |text| Ok(text.to_owned()));
    // Longer ones are no account's; the limit on bodies bounds the work.
    let password = found.required(&mut body, "password", |text| Ok(text.to_owned()));
    let totp = body.take("totp").and_then(|code| found.text("totp", code));
    found.unknown_members(body, &[]);
    found.finish(email.zip(password).map(|(email, password)| Credentials { email, password, totp }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sqlx::PgPool;

    use super::sign_in;
    use crate::{
        accounts,
        email::Email,
        sessions::UserAgent,
        test_support::{Backend, PASSWORD},
    };

    #[sqlx::test(migrations = false)]
    async fn the_right_password_signs_in_and_wrong_ones_all_look_the_same(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada =
            json!({"email": "ada@example.org", "password": "correct horse", "time_zone": "Europe/Berlin"});
        assert_eq!(backend.post("/api/v1/auth/register", ada).await.status, 201);
        let login = |email: &str, password: &str| {
            backend.post("/api/v1/auth/login", json!({"email": email, "password": password}))
        };

        let signed_in = login("ADA@example.org", "correct horse").await;
        assert_eq!(signed_in.status, 200);
        assert!(signed_in.body["access_token"].is_string());
        assert_eq!(signed_in.headers["cache-control"], "no-store");

        let wrong = login("ada@example.org", "wrong horse").await;
        let unknown = login("bob@example.org", "wrong horse").await;
        let no_address = login("bob", "").await;
        for answer in [&wrong, &unknown, &no_address] {
            assert_eq!((answer.status, answer.kind()), (401, "/api/problems/wrong-credentials"));
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
            assert_eq!(answer.body["detail"], wrong.body["detail"]);
        }
    }

    #[sqlx::test(migrations = false)]
    async fn a_request_without_a_token_that_holds_is_a_401(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        let get = |authorization: Option<String>| {
            let request = backend.request("GET", "/api/v1/tasks");
            match authorization {
                Some(value) => request.header("authorization", &value).send(),
                None => request.send(),
            }
        };
        let ada = backend.user("ada@example.org").await;
        let good = ada.token.clone();
        assert_eq!(get(Some(format!("bearer {good}"))).await.status, 200);
        for bad in [None, Some("Bearer".into()), Some(format!("Basic {good}")), Some("Bearer x.y.z".into())] {
            let answer = get(bad).await;
            assert_eq!((answer.status, answer.kind()), (401, "/api/problems/unauthorized"));
            assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
        }
        backend.clock.advance(chrono::TimeDelta::days(400));
        assert_eq!(get(Some(format!("Bearer {good}"))).await.status, 401, "expired");
        backend.clock.advance(chrono::TimeDelta::days(-400));
        sqlx::query("DELETE FROM app_user").execute(&pool).await.unwrap();
        assert_eq!(get(Some(format!("Bearer {good}"))).await.status, 401, "the account is gone");
    }

    #[sqlx::test(migrations = false)]
    async fn guessing_is_slowed_down_alike_whether_there_is_an_account(pool: PgPool) {
        let backend = Backend::new(pool).await;
        backend.register("ada@example.org").await;
        let guess = async |email: &str| {
            let mut answers = Vec::new();
            for _ in 0..8 {
                let body = json!({"email": email, "password": "guessed it"});
                let answer = backend.post("/api/v1/auth/login", body).await;
                answers.push((
                    answer.status,
                    answer.headers.get("retry-after").cloned(),
                    answer.body["detail"].clone(),
                ));
            }
            answers
        };
        let answers = guess("ada@example.org").await;
        assert_eq!(answers, guess("nobody@example.org").await);
        assert_eq!(
            answers.iter().map(|answer| answer.0).collect::<Vec<_>>(),
            [401, 401, 401, 401, 401, 401, 429, 429]
        );
        backend.clock.advance(chrono::TimeDelta::seconds(2));
        backend.signed_in("ada@example.org", crate::test_support::PASSWORD).await;
    }

    #[sqlx::test(migrations = false)]
    async fn a_password_that_was_changed_after_it_was_verified_signs_nobody_in(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.register("ada@example.org").await;
        let email = Email::parse("ada@example.org").unwrap();
        let verified = accounts::by_email(&backend.app.pool, &email).await.unwrap().unwrap();
        let body = json!({"current": PASSWORD, "new": "new and better"});
        let change = backend.request("POST", "/api/v1/me/password").token(&ada.token).json(body);
        assert_eq!(change.send().await.status, 204);

        let refused = sign_in(&backend.app, &verified, UserAgent(None)).await.err().unwrap();
        assert_eq!(refused.status(), 401);
        let sessions = backend.request("GET", "/api/v1/me/sessions").token(&ada.token).send().await;
        assert_eq!(sessions.body["items"].as_array().unwrap().len(), 1, "of who changed it");
    }

    #[sqlx::test(migrations = false)]
    async fn an_account_without_a_password_is_no_ones_to_sign_in_to(pool: PgPool) {
        let backend = Backend::new(pool).await;
        backend.user("ada@example.org").await;
        for password in ["", "anything at all"] {
            let body = json!({"email": "ada@example.org", "password": password});
            assert_eq!(backend.post("/api/v1/auth/login", body).await.status, 401);
        }
    }
}
