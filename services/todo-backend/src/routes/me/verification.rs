//! `POST /api/v1/me/verification`: the link that confirms the address, once more.

use axum::extract::State;
use http::StatusCode;
use platform::Problem;

use crate::{
    account_mail::{self, Kind, Letter},
    app::App,
    caller::Caller,
    idempotency::Idempotency,
    openapi::{CallerProblems, ParameterProblems, PassingProblems},
};

/// Mails the link that confirms the address once more.
///
/// An address gets one such mail a minute and five an hour at most; to ask for more is a 202, too.
#[utoipa::path(
    post, path = "/api/v1/me/verification", tag = "account", security(("access_token" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    responses(
        (status = 202, description = "A mail is on its way"),
        (status = 204, description = "The address is confirmed already"),
        CallerProblems, PassingProblems, ParameterProblems,
    ),
)]
pub(crate) async fn send_verification(
    State(app): State<App>,
    caller: Caller,
    _: Idempotency,
) -> Result<StatusCode, Problem> {
    let account = &caller.account;
    if account.email_verified_at.is_some() {
        return Ok(StatusCode::NO_CONTENT);
    }
    let email = account.email.to_ascii_lowercase();
    let letter =
        Letter { id: app.ids.next_id(), kind: Kind::VerifyEmail, user: Some(account.id), email: &email };
    account_mail::queue_at_times(&app.pool, letter, app.clock.now()).await?;
    Ok(StatusCode::ACCEPTED)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;
    use sqlx::PgPool;

    use crate::test_support::Backend;

    #[sqlx::test(migrations = false)]
    async fn it_is_sent_again_now_and_then_until_it_is_confirmed(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        let ada = backend.register("ada@example.org").await;
        let ask = || backend.request("POST", "/api/v1/me/verification").token(&ada.token).send();
        let count = async || -> i64 {
            sqlx::query_scalar("SELECT count(*) FROM account_mail").fetch_one(&pool).await.unwrap()
        };
        assert_eq!((ask().await.status, count().await), (202, 1), "the first one has just been sent");
        backend.clock.advance(TimeDelta::minutes(2));
        assert_eq!((ask().await.status, count().await), (202, 2));
        let link = backend.mailed("ada@example.org").await;
        backend.post("/api/v1/auth/verify-email", json!({"token": link.token})).await;
        assert_eq!((ask().await.status, count().await), (204, 2));
    }
}
