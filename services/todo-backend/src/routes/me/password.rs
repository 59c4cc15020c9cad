//! `POST /api/v1/me/password`: another password for an account.

use axum::extract::State;
use contracts::api;
use domain::{Violation, Violations};
use http::StatusCode;
use platform::{Json, Problem};
use serde_json::Value;

use crate::{
    accounts::{self, Account},
    app::App,
    caller::Caller,
    client_address::ClientAddress,
    email::Email,
    idempotency::Idempotency,
    input::Found,
    new_password::NewPassword,
    openapi::{AttemptProblems, BodyProblems, CallerProblems, PassingProblems},
    routes::auth::end_sessions,
    throttle::Attempt,
};

/// Changes the password.
///
/// All other sessions end, and a mail tells of it. Sent again, it changes nothing and is a 204 again. An account
/// without a password, whose owner signs in elsewhere, gets its first one by `forgot-password`.
#[utoipa::path(
    post, path = "/api/v1/me/password", tag = "account", security(("access_token" = [])),
    request_body = api::ChangePassword,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    responses(
        (status = 204, description = "The password is changed"),
        CallerProblems, BodyProblems, AttemptProblems, PassingProblems,
    ),
)]
pub(crate) async fn change_password(
    State(app): State<App>,
    caller: Caller,
    ClientAddress(from): ClientAddress,
    _: Idempotency,
    Json(body): Json<Value>,
) -> Result<StatusCode, Problem> {
    let account = &caller.account;
    let (current, new) = read(body, &Email::stored(&account.email))?;
    let attempt = Attempt::begin(&app, &account.email, from).await?;
    let (attempt, hash) = attempt.judge(&app, judge(&app, account, current, new.into_string())).await?;
    if let Some(hash) = hash {
        let now = app.clock.now();
        let mut transaction = app.pool.begin().await?;
        // Nobody else changed it since it was verified.
        let locked = accounts::lock(&mut transaction, account.id).await?;
        let unchanged = locked.filter(|locked| locked.password_hash == account.password_hash);
        unchanged.ok_or_else(|| wrong("current"))?;
        accounts::set_password(&mut transaction, account, &hash, app.ids.next_id(), now).await?;
        transaction.commit().await?;
        tracing::info!(user = %account.id, "a password was changed");
    }
    attempt.succeeded(&app, account.id).await?;
    // Again if it was changed before: perhaps that is as far as the request came.
    end_sessions(&app, account, caller.session().ok()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The hash of the new password; none if it is set already.
async fn judge(
    app: &App,
    account: &Account,
    current: String,
    new: String,
) -> Result<Option<String>, Problem> {
    if app.passwords.verify(current, account.password()).await? {
        return app.passwords.hash(new).await.map(Some);
    }
    check(app, account, new, "current").await.map(|()| None)
}

/// Checks a password that comes beside an access token.
pub(super) async fn check(
    app: &App,
    account: &Account,
    password: String,
    field: &'static str,
) -> Result<(), Problem> {
    match app.passwords.verify(password, account.password()).await? {
        true => Ok(()),
        false => Err(wrong(field)),
    }
}

/// No 401: the access token holds, and a client must not sign out for a slip of the finger.
pub(super) fn wrong(field: &'static str) -> Problem {
    Violation::new(field, "wrong_password", "This is not the account's password.").into()
}

fn read(body: Value, email: &Email) -> Result<(String, NewPassword), Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let current = found.required(&mut body, "current", |text| Ok(text.to_owned()));
    let new = found.required(&mut body, "new", |text| {
        let password = NewPassword::parse(text)?;
        password.suits(email)?;
        Ok(password)
    });
    found.unknown_members(body, &[]);
    found.finish(current.zip(new))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use sqlx::PgPool;

    use crate::test_support::{Answer, Backend, PASSWORD, User};

    async fn change(backend: &Backend, user: &User, body: Value) -> Answer {
        backend.request("POST", "/api/v1/me/password").token(&user.token).json(body).send().await
    }

    #[sqlx::test(migrations = false)]
    async fn the_new_password_holds_and_the_old_one_does_not(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.register("ada@example.org").await;
        let elsewhere = backend.signed_in("ada@example.org", PASSWORD).await;
        let body = json!({"current": PASSWORD, "new": "new and better"});
        for _ in 0..2 {
            assert_eq!(change(&backend, &ada, body.clone()).await.status, 204, "sent again, too");
        }
        assert_eq!(backend.request("GET", "/api/v1/me").token(&elsewhere.token).send().await.status, 401);
        backend.signed_in("ada@example.org", "new and better").await;
        let old = json!({"email": "ada@example.org", "password": PASSWORD});
        assert_eq!(backend.post("/api/v1/auth/login", old).await.status, 401);
        assert_eq!(backend.mailed("ada@example.org").await.kind, "password-changed");
    }

    #[sqlx::test(migrations = false)]
    async fn a_wrong_or_a_bad_one_changes_nothing(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.register("ada@example.org").await;
        for (body, field, rule) in [
            (json!({"current": "guessed it", "new": "new and better"}), "current", "wrong_password"),
            (json!({"current": PASSWORD, "new": "short"}), "new", "min_length"),
            (json!({"current": PASSWORD, "new": "ada@example.org"}), "new", "like_email"),
            (json!({"new": "new and better"}), "current", "required"),
        ] {
            let answer = change(&backend, &ada, body).await;
            assert_eq!((answer.status, answer.fields()), (422, vec![field.to_owned()]));
            assert_eq!(answer.body["errors"][0]["rule"], rule);
        }
        backend.signed_in("ada@example.org", PASSWORD).await;
    }

    #[sqlx::test(migrations = false)]
    async fn what_was_mailed_before_changes_it_no_more(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.register("ada@example.org").await;
        backend.post("/api/v1/auth/forgot-password", json!({"email": "ada@example.org"})).await;
        let link = backend.mailed("ada@example.org").await;
        assert_eq!(link.kind, "reset-password");
        change(&backend, &ada, json!({"current": PASSWORD, "new": "new and better"})).await;
        let body = json!({"token": link.token, "password": "yet another one"});
        assert_eq!(backend.post("/api/v1/auth/reset-password", body).await.status, 410);
    }
}
