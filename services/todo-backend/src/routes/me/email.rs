//! `POST /api/v1/me/email`: another address, once it is confirmed.

use axum::extract::State;
use contracts::api;
use domain::Violations;
use http::StatusCode;
use platform::{Json, Problem};
use serde_json::Value;

use crate::{
    account_mail::{self, Kind, Letter},
    app::App,
    caller::Caller,
    client_address::ClientAddress,
    email::Email,
    idempotency::Idempotency,
    input::Found,
    openapi::{AttemptProblems, BodyProblems, CallerProblems, PassingProblems},
    throttle::Attempt,
};

/// Asks for another e-mail address.
///
/// A link is mailed there; the address changes when its token comes to `verify-email`, and not before. The answer does
/// not tell whether the address has an account, which then gets no mail. An address gets one such mail a minute and five
/// an hour at most.
#[utoipa::path(
    post, path = "/api/v1/me/email", tag = "account", security(("access_token" = [])),
    request_body = api::ChangeEmail,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    responses(
        (status = 202, description = "A link is on its way to the new address"),
        (status = 204, description = "It is the account's address already"),
        CallerProblems, BodyProblems, AttemptProblems, PassingProblems,
    ),
)]
pub(crate) async fn change_email(
    State(app): State<App>,
    caller: Caller,
    ClientAddress(from): ClientAddress,
    _: Idempotency,
    Json(body): Json<Value>,
) -> Result<StatusCode, Problem> {
    let (email, password) = read(body)?;
    let account = &caller.account;
    let attempt = Attempt::begin(&app, &account.email, from).await?;
    super::password::check(&app, account, password, "password").await?;
    attempt.succeeded(&app, account.id).await?;
    if Email::stored(&account.email) == email {
        return Ok(StatusCode::NO_CONTENT);
    }
    let letter = Letter {
        id: app.ids.next_id(),
        kind: Kind::ChangeEmail,
        user: Some(account.id),
        email: email.as_str(),
    };
    account_mail::queue_at_times(&app.pool, letter, app.clock.now()).await?;
    Ok(StatusCode::ACCEPTED)
}

fn read(body: Value) -> Result<(Email, String), Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let email = found.required(&mut body, "email", Email::parse);
    let password = found.required(&mut body, "password", |text| Ok(text.to_owned()));
    found.unknown_members(body, &[]);
    found.finish(email.zip(password))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::test_support::{Answer, Backend, PASSWORD, User};

    async fn ask(backend: &Backend, user: &User, email: &str, password: &str) -> Answer {
        let body = json!({"email": email, "password": password});
        backend.request("POST", "/api/v1/me/email").token(&user.token).json(body).send().await
    }

    #[sqlx::test(migrations = false)]
    async fn it_changes_when_the_new_address_is_confirmed_and_the_old_one_is_told(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.register("ada@example.org").await;
        assert_eq!(ask(&backend, &ada, "New@example.org", PASSWORD).await.status, 202);
        assert_eq!(backend.me(&ada).await["email"], "ada@example.org");
        backend.post("/api/v1/auth/forgot-password", json!({"email": "ada@example.org"})).await;
        let reset = backend.mailed("ada@example.org").await;

        let link = backend.mailed("new@example.org").await;
        let body = json!({"token": link.token});
        assert_eq!(backend.post("/api/v1/auth/verify-email", body).await.status, 204);
        let me = backend.me(&ada).await;
        assert_eq!((&me["email"], &me["email_verified"]), (&json!("new@example.org"), &json!(true)));
        assert_eq!(backend.mailed("ada@example.org").await.kind, "email-changed");
        let body = json!({"token": reset.token, "password": "new and better"});
        assert_eq!(
            backend.post("/api/v1/auth/reset-password", body).await.status,
            410,
            "mailed to the old one"
        );
        assert_eq!(ask(&backend, &ada, "new@example.org", PASSWORD).await.status, 204, "it is so already");
    }

    #[sqlx::test(migrations = false)]
    async fn an_address_of_somebody_else_is_neither_told_nor_taken(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.register("ada@example.org").await;
        backend.register("bob@example.org").await;
        assert_eq!(ask(&backend, &ada, "bob@example.org", PASSWORD).await.status, 202);
        // The worker would not have sent it; should an account come in between, the link does not take its address.
        let link = backend.mailed("bob@example.org").await;
        let answer = backend.post("/api/v1/auth/verify-email", json!({"token": link.token})).await;
        assert_eq!((answer.status, answer.kind()), (409, "/api/problems/email-taken"));
        assert_eq!(backend.me(&ada).await["email"], "ada@example.org");
    }

    #[sqlx::test(migrations = false)]
    async fn it_takes_the_password(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        let ada = backend.register("ada@example.org").await;
        let answer = ask(&backend, &ada, "new@example.org", "guessed it").await;
        assert_eq!((answer.status, answer.fields()), (422, vec!["password".to_owned()]));
        let mails: i64 =
            sqlx::query_scalar("SELECT count(*) FROM account_mail WHERE email = 'new@example.org'")
                .fetch_one(&pool)
                .await
                .unwrap();
        assert_eq!(mails, 0);
    }
}
