//! `POST /api/v1/auth/forgot-password`: a link to choose a new one, by mail.

use axum::extract::State;
use contracts::api;
use domain::Violations;
use http::StatusCode;
use platform::{Json, Problem};
use serde_json::Value;

use crate::{
    account_mail::{self, Kind, Letter},
    app::App,
    email::Email,
    idempotency::Idempotency,
    input::Found,
    openapi::{BodyProblems, PassingProblems},
};

/// Mails a link by which to choose a new password.
///
/// The answer, and the time it takes, do not tell whether the address has an account. An address gets one such mail a
/// minute and five an hour at most; to ask for more is a 202, too.
#[utoipa::path(
    post, path = "/api/v1/auth/forgot-password", tag = "account", request_body = api::ForgotPassword,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    responses(
        (status = 202, description = "If the address has an account, a mail is on its way"),
        BodyProblems, PassingProblems,
    ),
)]
pub(crate) async fn forgot_password(
    State(app): State<App>,
    _: Idempotency,
    Json(body): Json<Value>,
) -> Result<StatusCode, Problem> {
    let email = read(body)?;
    let letter =
        Letter { id: app.ids.next_id(), kind: Kind::ResetPassword, user: None, email: email.as_str() };
    account_mail::queue_at_times(&app.pool, letter, app.clock.now()).await?;
    Ok(StatusCode::ACCEPTED)
}

fn read(body: Value) -> Result<Email, Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let email = found.required(&mut body, "email", Email::parse);
    found.unknown_members(body, &[]);
    found.finish(email)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;
    use sqlx::PgPool;

    use crate::test_support::Backend;

    #[sqlx::test(migrations = false)]
    async fn an_address_with_an_account_and_one_without_are_the_same_work(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        backend.user("ada@example.org").await;
        let forgot =
            async |email: &str| backend.post("/api/v1/auth/forgot-password", json!({"email": email})).await;
        let (known, unknown) = (forgot("Ada@example.org").await, forgot("bob@example.org").await);
        assert_eq!((known.status, unknown.status), (202, 202));
        assert_eq!(known.body, unknown.body);
        // Equal rows: that nobody has an address is found out by the worker, which nobody waits for.
        let rows: Vec<(String, Option<uuid::Uuid>, String)> =
            sqlx::query_as("SELECT kind, user_id, email FROM account_mail ORDER BY email")
                .fetch_all(&pool)
                .await
                .unwrap();
        let row = |email: &str| ("reset-password".to_owned(), None, email.to_owned());
        assert_eq!(rows, [row("ada@example.org"), row("bob@example.org")]);
    }

    #[sqlx::test(migrations = false)]
    async fn nobodys_mailbox_is_flooded(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        let forgot = || backend.post("/api/v1/auth/forgot-password", json!({"email": "ada@example.org"}));
        let count = async || -> i64 {
            sqlx::query_scalar("SELECT count(*) FROM account_mail").fetch_one(&pool).await.unwrap()
        };
        let (a, b, c) = tokio::join!(forgot(), forgot(), forgot());
        assert_eq!([a.status, b.status, c.status], [202; 3]);
        assert_eq!(count().await, 1, "asked for at once");
        for _ in 0..10 {
            backend.clock.advance(TimeDelta::seconds(61));
            assert_eq!(forgot().await.status, 202);
        }
        assert_eq!(count().await, 5, "in one hour");
        backend.clock.advance(TimeDelta::hours(1));
        forgot().await;
        assert_eq!(count().await, 6);
    }
}
