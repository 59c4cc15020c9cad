//! `POST /api/v1/auth/register`: a new account.

use axum::extract::State;
use contracts::api;
use domain::{Violations, Zone};
use http::StatusCode;
use platform::{Json, Problem};
use serde_json::Value;

use super::SignedIn;
use crate::{
    accounts::{self, Account},
    app::App,
    email::Email,
    idempotency::Idempotency,
    input::Found,
    new_password::NewPassword,
    openapi::{BodyProblems, PassingProblems},
    problems,
    sessions::UserAgent,
};

struct Registration {
    email: Email,
    password: NewPassword,
    zone: Zone,
}

/// Creates an account and signs in.
///
/// A link to confirm the address is mailed there; nothing waits for it. An address has one account. A request that is
/// sent again under its `Idempotency-Key` gets the account it made, with a new session.
#[utoipa::path(
    post, path = "/api/v1/auth/register", tag = "account", request_body = api::Register,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    responses(
        (status = 201, description = "The account, signed in", body = api::Session),
        (status = 409, description = "The address has an account", body = platform::problem::Body,
            content_type = "application/problem+json"),
        BodyProblems, PassingProblems,
    ),
)]
pub(crate) async fn register(
    State(app): State<App>,
    idempotency: Idempotency,
    agent: UserAgent,
    Json(body): Json<Value>,
) -> Result<SignedIn, Problem> {
    let Registration { email, password, zone } = read(body)?;
    let password = password.into_string();
    let account = match accounts::by_email(&app.pool, &email).await? {
        Some(existing) => retried(&app, existing, idempotency.key, password, zone).await?,
        None => {
            let account = Account {
                id: app.ids.next_id(),
                email: email.as_str().to_owned(),
                password_hash: app.passwords.hash(password.clone()).await?,
                time_zone: zone.name().to_owned(),
                zone_version: 1,
                registration_key: idempotency.key.clone(),
                email_verified_at: None,
                totp: false,
            };
            let mut transaction = app.pool.begin().await?;
            let made =
                accounts::insert(&mut transaction, &account, app.ids.next_id(), app.clock.now()).await?;
            transaction.commit().await?;
            if made {
                tracing::info!(user = %account.id, "an account was registered");
                account
            } else {
                // Somebody was faster, perhaps this very request on its first way.
                let existing = accounts::by_email(&app.pool, &email).await?.ok_or_else(taken)?;
                retried(&app, existing, idempotency.key, password, zone).await?
            }
        }
    };
    SignedIn::new(&app, &account, agent, StatusCode::CREATED).await
}

/// The account, if this is the request that made it, sent again.
async fn retried(
    app: &App,
    existing: Account,
    key: Option<String>,
    password: String,
    zone: Zone,
) -> Result<Account, Problem> {
    let same = key.is_some() && key == existing.registration_key && zone.name() == existing.time_zone;
    if same && app.passwords.verify(password, existing.password()).await? {
        return Ok(existing);
    }
    Err(taken())
}

fn taken() -> Problem {
    Problem::new(&problems::EMAIL_TAKEN, "Sign in, or use another e-mail address.")
}

fn read(body: Value) -> Result<Registration, Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let email = found.required(&mut body, "email", Email::parse);
    let password = found.required(&mut body, "password", |text| {
        let password = NewPassword::parse(text)?;
        email.as_ref().map_or(Ok(()), |email| password.suits(email))?;
        Ok(password)
    });
    let zone = found.required(&mut body, "time_zone", Zone::parse);
    found.unknown_members(body, &[]);
    let read = email.zip(password).zip(zone);
    found.finish(read.map(|((email, password), zone)| Registration { email, password, zone }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sqlx::PgPool;

    use super::*;
    use crate::test_support::Backend;

    fn ada() -> Value {
        json!({"email": " Ada@Example.org ", "password": "correct horse", "time_zone": "Europe/Berlin"})
    }

    #[sqlx::test(migrations = false)]
    async fn an_account_is_signed_in_at_once(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let answer = backend.post("/api/v1/auth/register", ada()).await;
        assert_eq!(answer.status, 201);
        assert_eq!(answer.body["user"]["email"], "ada@example.org");
        assert_eq!(answer.body["user"]["time_zone"], "Europe/Berlin");
        let token = answer.body["access_token"].as_str().unwrap();
        let me = backend.request("GET", "/api/v1/me").token(token).send().await;
        assert_eq!((me.status, &me.body), (200, &answer.body["user"]));
    }

    #[sqlx::test(migrations = false)]
    async fn an_address_has_one_account_whatever_its_case(pool: PgPool) {
        let backend = Backend::new(pool).await;
        assert_eq!(backend.post("/api/v1/auth/register", ada()).await.status, 201);
        let mut again = ada();
        again["email"] = "ADA@example.ORG".into();
        let answer = backend.post("/api/v1/auth/register", again).await;
        assert_eq!((answer.status, answer.kind()), (409, "/api/problems/email-taken"));
    }

    #[sqlx::test(migrations = false)]
    async fn a_retry_under_its_key_gets_the_account_it_made(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let send = async |key: &str, body: Value| {
            backend
                .request("POST", "/api/v1/auth/register")
                .header("idempotency-key", key)
                .json(body)
                .send()
                .await
        };
        let first = send("k1", ada()).await;
        let second = send("k1", ada()).await;
        assert_eq!((first.status, second.status), (201, 201));
        assert_eq!(first.body["user"], second.body["user"]);
        assert_eq!(send("k2", ada()).await.status, 409, "another key is another request");
        let mut guessed = ada();
        guessed["password"] = "wrong password".into();
        assert_eq!(send("k1", guessed).await.status, 409, "the key alone lets nobody in");
    }

    #[sqlx::test(migrations = false)]
    async fn two_at_once_make_one_account(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let post = || backend.post("/api/v1/auth/register", ada());
        let (a, b) = tokio::join!(post(), post());
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let found = read(json!({"email": "ada", "password": "short", "time_zone": "Mars", "admin": true}));
        let fields: Vec<_> = found.err().unwrap().into_iter().map(|violation| violation.field).collect();
        assert_eq!(fields, ["email", "password", "time_zone", "admin"]);
    }
}
