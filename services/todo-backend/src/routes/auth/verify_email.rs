//! `POST /api/v1/auth/verify-email`: the address is theirs.

use axum::extract::State;
use contracts::api;
use domain::Violations;
use http::StatusCode;
use platform::{Json, Problem};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    account_mail::{self, Kind, Letter},
    accounts,
    app::App,
    email::Email,
    idempotency::Idempotency,
    input::Found,
    link::{self, Link},
    openapi::{BodyProblems, PassingProblems},
    problems,
    secret::Secret,
};

/// Confirms an e-mail address by the token of the link that was mailed there.
///
/// It is the account's own, or the one it is to have from now on: then it changes here, and the old address is told. A
/// token holds for three days and is used once; using it again while the account still has that address is a 204, too.
#[utoipa::path(
    post, path = "/api/v1/auth/verify-email", tag = "account", request_body = api::VerifyEmail,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    responses(
        (status = 204, description = "The address is confirmed"),
        (status = 409, description = "Another account has the address by now", body = platform::problem::Body,
            content_type = "application/problem+json"),
        (status = 410, description = "The link does not hold, or not any more", body = platform::problem::Body,
            content_type = "application/problem+json"),
        BodyProblems, PassingProblems,
    ),
)]
pub(crate) async fn verify_email(
    State(app): State<App>,
    _: Idempotency,
    Json(body): Json<Value>,
) -> Result<StatusCode, Problem> {
    let token = read(body)?;
    let now = app.clock.now();
    let mut transaction = app.pool.begin().await?;
    let link = Link::find(&mut transaction, &token, &[Kind::VerifyEmail, Kind::ChangeEmail]).await?;
    let user = link.user_id.ok_or_else(link::invalid)?;
    let before = accounts::lock(&mut transaction, user).await?.ok_or_else(link::invalid)?;
    if link.was_used() && before.email == link.email && before.email_verified_at.is_some() {
        return Ok(StatusCode::NO_CONTENT);
    }
    link.spend(&mut transaction, None, now).await?;
    match link.kind {
        Kind::ChangeEmail => {
            change(&mut transaction, user, &link.email, now).await?;
            let letter = Letter {
                id: app.ids.next_id(),
                kind: Kind::EmailChanged,
                user: Some(user),
                email: &before.email,
            };
            account_mail::queue(&mut transaction, letter, now).await?;
            // What was mailed to the old address must not give its reader the account.
            account_mail::void_links(&mut transaction, user, &Email::stored(&before.email), now).await?;
        }
        _ if before.email == link.email => {
            accounts::verified(&mut transaction, user, now).await?;
        }
        // It has another address by now.
        _ => return Err(link::invalid()),
    }
    transaction.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn change(
    connection: &mut PgConnection,
    user: Uuid,
    email: &str,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), Problem> {
    let changed = sqlx::query("UPDATE app_user SET email = $2, email_verified_at = $3 WHERE id = $1")
        .bind(user)
        .bind(email)
        .bind(now)
        .execute(connection)
        .await;
    match changed {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            Err(Problem::new(&problems::EMAIL_TAKEN, "Another account has this address by now."))
        }
        changed => Ok(changed.map(drop)?),
    }
}

fn read(body: Value) -> Result<Secret, Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let token = found.required(&mut body, "token", link::token);
    found.unknown_members(body, &[]);
    found.finish(token)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;
    use sqlx::PgPool;

    use crate::test_support::{Backend, Mailed};

    #[sqlx::test(migrations = false)]
    async fn registering_asks_for_the_address_and_its_link_confirms_it(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.register("ada@example.org").await;
        assert_eq!(backend.me(&ada).await["email_verified"], false);
        let mail = backend.mailed("ada@example.org").await;
        assert_eq!(mail.kind, "verify-email");
        for _ in 0..2 {
            let answer = backend.post("/api/v1/auth/verify-email", json!({"token": mail.token})).await;
            assert_eq!(answer.status, 204, "a second time, too: {:?}", answer.body);
        }
        assert_eq!(backend.me(&ada).await["email_verified"], true);
    }

    #[sqlx::test(migrations = false)]
    async fn links_that_do_not_hold_all_look_the_same(pool: PgPool) {
        let backend = Backend::new(pool).await;
        backend.register("ada@example.org").await;
        let mail = backend.mailed("ada@example.org").await;
        backend.post("/api/v1/auth/forgot-password", json!({"email": "ada@example.org"})).await;
        let reset = backend.mailed("ada@example.org").await;
        let verify =
            async |token: &str| backend.post("/api/v1/auth/verify-email", json!({"token": token})).await;

        let unknown = verify(&Mailed::some_token()).await;
        assert_eq!((unknown.status, unknown.kind()), (410, "/api/problems/link-invalid"));
        let of_another_kind = verify(&reset.token).await;
        backend.clock.advance(TimeDelta::days(3));
        let expired = verify(&mail.token).await;
        for answer in [of_another_kind, expired] {
            assert_eq!((answer.status, &answer.body["detail"]), (410, &unknown.body["detail"]));
        }
        let no_token = verify("x").await;
        assert_eq!((no_token.status, no_token.fields()), (422, vec!["token".to_owned()]));
    }

    #[sqlx::test(migrations = false)]
    async fn a_link_to_an_address_the_account_no_longer_has_confirms_nothing(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        let ada = backend.register("ada@example.org").await;
        let mail = backend.mailed("ada@example.org").await;
        sqlx::query("UPDATE app_user SET email = 'new@example.org'").execute(&pool).await.unwrap();
        let answer = backend.post("/api/v1/auth/verify-email", json!({"token": mail.token})).await;
        assert_eq!(answer.status, 410);
        assert_eq!(backend.me(&ada).await["email_verified"], false);
    }
}
