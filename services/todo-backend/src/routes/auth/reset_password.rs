//! `POST /api/v1/auth/reset-password`: a new password by the link that was mailed.

use axum::extract::State;
use contracts::api;
use domain::Violations;
use http::StatusCode;
use platform::{Json, Problem};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    account_mail::Kind,
    accounts::{self, Account},
    app::App,
    email::Email,
    idempotency::Idempotency,
    input::Found,
    link::{self, Link},
    new_password::NewPassword,
    openapi::{BodyProblems, PassingProblems},
    problems,
    secret::Secret,
};

/// Sets a new password by the token of the link that was mailed.
///
/// It ends all sessions, confirms the address, and voids other such links. If the address was not confirmed before,
/// API tokens and the calendar's address end, too: somebody else may have made them. A token holds for an hour and is used once;
/// the same request under its `Idempotency-Key` is a 204 again.
#[utoipa::path(
    post, path = "/api/v1/auth/reset-password", tag = "account", request_body = api::ResetPassword,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    responses(
        (status = 204, description = "The password is set"),
        (status = 410, description = "The link does not hold, or not any more", body = platform::problem::Body,
            content_type = "application/problem+json"),
        BodyProblems, PassingProblems,
    ),
)]
pub(crate) async fn reset_password(
    State(app): State<App>,
    idempotency: Idempotency,
    Json(body): Json<Value>,
) -> Result<StatusCode, Problem> {
    let (token, password) = read(body)?;
    let key = idempotency.key.as_deref();
    // Found twice: hashing takes its time, and must neither hold a lock nor be done for whoever has no link.
    let (link, account) = found(&mut *app.pool.acquire().await?, &token).await?;
    if link.was_used_under(key) {
        // It was carried out; what may have failed afterwards is done again.
        return match app.passwords.verify(password.into_string(), account.password()).await? {
            true => ended(&app, &account).await,
            false => {
                Err(Problem::new(&problems::IDEMPOTENCY_KEY_REUSED, "The key was used for another password."))
            }
        };
    }
    link.holds(app.clock.now())?;
    password.suits(&Email::stored(&account.email))?;
    let hash = app.passwords.hash(password.into_string()).await?;

    // Before, so that a crash after the commit leaves none; and after it, for who signed in meanwhile as before.
    super::end_sessions(&app, &account, None).await?;
    let now = app.clock.now();
    let mut transaction = app.pool.begin().await?;
    // The account before the link: who uses another of its links at the same time voids this one.
    accounts::lock_by_email(&mut transaction, &link.email).await?.ok_or_else(link::invalid)?;
    let (link, account) = found(&mut transaction, &token).await?;
    link.spend(&mut transaction, key, now).await?;
    if account.email_verified_at.is_none() {
        forget_programs(&mut transaction, account.id).await?;
    }
    accounts::verified(&mut transaction, account.id, now).await?;
    accounts::set_password(&mut transaction, &account, &hash, app.ids.next_id(), now).await?;
    transaction.commit().await?;
    tracing::info!(user = %account.id, "a password was reset");
    ended(&app, &account).await
}

async fn found(connection: &mut PgConnection, token: &Secret) -> Result<(Link, Account), Problem> {
    let link = Link::find(connection, token, &[Kind::ResetPassword]).await?;
    let account = accounts::lock_by_email(connection, &link.email).await?.ok_or_else(link::invalid)?;
    Ok((link, account))
}

/// Whoever made the account need not be who has the address, and must not keep a way in.
async fn forget_programs(connection: &mut PgConnection, user: Uuid) -> Result<(), sqlx::Error> {
    for forget in ["DELETE FROM api_token WHERE user_id = $1", "DELETE FROM calendar_feed WHERE user_id = $1"]
    {
        sqlx::query(forget).bind(user).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn ended(app: &App, account: &Account) -> Result<StatusCode, Problem> {
    super::end_sessions(app, account, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn read(body: Value) -> Result<(Secret, NewPassword), Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let token = found.required(&mut body, "token", link::token);
    let password = found.required(&mut body, "password", NewPassword::parse);
    found.unknown_members(body, &[]);
    found.finish(token.zip(password))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;
    use sqlx::PgPool;

    use crate::test_support::{Answer, Backend, Mailed, PASSWORD};

    async fn forgot(backend: &Backend) -> Mailed {
        backend.clock.advance(TimeDelta::minutes(2));
        let body = json!({"email": "ada@example.org"});
        assert_eq!(backend.post("/api/v1/auth/forgot-password", body).await.status, 202);
        backend.mailed("ada@example.org").await
    }

    async fn reset(backend: &Backend, token: &str, password: &str, key: Option<&str>) -> Answer {
        let request = backend.request("POST", "/api/v1/auth/reset-password");
        let request = key.into_iter().fold(request, |request, key| request.header("idempotency-key", key));
        request.json(json!({"token": token, "password": password})).send().await
    }

    async fn signs_in(backend: &Backend, password: &str) -> bool {
        let body = json!({"email": "ada@example.org", "password": password});
        backend.post("/api/v1/auth/login", body).await.status == 200
    }

    #[sqlx::test(migrations = false)]
    async fn a_link_sets_a_new_password_once(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.register("ada@example.org").await;
        let (first, second) = (forgot(&backend).await, forgot(&backend).await);

        assert_eq!(reset(&backend, &second.token, "new and better", None).await.status, 204);
        assert_eq!(
            backend.request("GET", "/api/v1/me").token(&ada.token).send().await.status,
            401,
            "signed out"
        );
        assert!(signs_in(&backend, "new and better").await && !signs_in(&backend, PASSWORD).await);
        assert_eq!(
            backend.me(&backend.signed_in("ada@example.org", "new and better").await).await["email_verified"],
            true
        );
        assert_eq!(backend.mailed("ada@example.org").await.kind, "password-changed");
        for used in [&second, &first] {
            let answer = reset(&backend, &used.token, "yet another one", None).await;
            assert_eq!((answer.status, answer.kind()), (410, "/api/problems/link-invalid"));
        }
        assert!(signs_in(&backend, "new and better").await);
    }

    #[sqlx::test(migrations = false)]
    async fn a_retry_under_its_key_is_answered_alike(pool: PgPool) {
        let backend = Backend::new(pool).await;
        backend.register("ada@example.org").await;
        let link = forgot(&backend).await;
        for _ in 0..2 {
            assert_eq!(reset(&backend, &link.token, "new and better", Some("k")).await.status, 204);
        }
        let another = reset(&backend, &link.token, "yet another one", Some("k")).await;
        assert_eq!((another.status, another.kind()), (422, "/api/problems/idempotency-key-reused"));
        assert_eq!(reset(&backend, &link.token, "new and better", Some("l")).await.status, 410);
    }

    #[sqlx::test(migrations = false)]
    async fn of_two_at_once_one_counts(pool: PgPool) {
        let backend = Backend::new(pool).await;
        backend.register("ada@example.org").await;
        let link = forgot(&backend).await;
        let (a, b) = tokio::join!(
            reset(&backend, &link.token, "one of the two", None),
            reset(&backend, &link.token, "another of them", None),
        );
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 410]);
        assert_eq!(signs_in(&backend, "one of the two").await, a.status == 204);
        assert_eq!(signs_in(&backend, "another of them").await, b.status == 204);
    }

    #[sqlx::test(migrations = false)]
    async fn of_two_links_at_once_one_counts(pool: PgPool) {
        let backend = Backend::new(pool).await;
        backend.register("ada@example.org").await;
        for round in 0..5 {
            let (first, second) = (forgot(&backend).await, forgot(&backend).await);
            backend.clock.advance(TimeDelta::minutes(20));
            let (a, b) = (format!("one of the two {round}"), format!("another of them {round}"));
            let (a, b) = tokio::join!(
                reset(&backend, &first.token, &a, None),
                reset(&backend, &second.token, &b, None),
            );
            let mut statuses = [a.status, b.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [204, 410]);
        }
    }

    #[sqlx::test(migrations = false)]
    async fn whoever_registered_somebody_elses_address_keeps_no_way_in(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let squatter = backend.register("ada@example.org").await;
        let made = async |token: &str| {
            let me = |path: &str| backend.request("POST", &format!("/api/v1/me/{path}")).token(token);
            let program = json!({"name": "script", "scopes": ["tasks:read"]});
            let program = me("tokens").json(program).send().await;
            let calendar = me("calendar").send().await;
            assert_eq!((program.status, calendar.status), (201, 201));
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            (text(&program.body["token"]), text(&calendar.body["path"]))
        };
        let holds = async |(program, calendar): &(String, String)| {
            let tasks = backend.request("GET", "/api/v1/tasks").token(program).send().await.status;
            (tasks, backend.request("GET", calendar).send().await.status)
        };
        let ways = made(&squatter.token).await;
        assert_eq!(holds(&ways).await, (200, 200));
        let link = forgot(&backend).await;
        assert_eq!(reset(&backend, &link.token, "new and better", None).await.status, 204);
        assert_eq!(holds(&ways).await, (401, 404));

        let ada = backend.signed_in("ada@example.org", "new and better").await;
        let ways = made(&ada.token).await;
        let link = forgot(&backend).await;
        assert_eq!(reset(&backend, &link.token, "forgotten again", None).await.status, 204);
        assert_eq!(holds(&ways).await, (200, 200), "the address was hers by then");
    }

    #[sqlx::test(migrations = false)]
    async fn expired_links_links_of_a_former_address_and_bad_passwords_change_nothing(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        backend.register("ada@example.org").await;
        let old = forgot(&backend).await;
        backend.clock.advance(TimeDelta::hours(1));
        assert_eq!(reset(&backend, &old.token, "new and better", None).await.status, 410, "expired");
        let link = forgot(&backend).await;
        for (password, rule) in
            [("short", "min_length"), ("password1", "too_common"), ("ADA@example.org", "like_email")]
        {
            let answer = reset(&backend, &link.token, password, None).await;
            assert_eq!((answer.status, answer.body["errors"][0]["rule"].as_str()), (422, Some(rule)));
        }
        assert!(signs_in(&backend, PASSWORD).await);
        sqlx::query("UPDATE app_user SET email = 'new@example.org'").execute(&pool).await.unwrap();
        assert_eq!(reset(&backend, &link.token, "new and better", None).await.status, 410, "another address");
    }
}
