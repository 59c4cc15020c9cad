//! `/api/v1/me/sessions`: where the caller is signed in.

use axum::extract::{Path, State, rejection::PathRejection};
use contracts::api;
use http::StatusCode;
use platform::{Json, Problem};
use uuid::Uuid;

use crate::{
    app::App,
    caller::Caller,
    openapi::{CallerProblems, PassingProblems},
    sessions,
};

/// Where you are signed in, the latest used first.
#[utoipa::path(
    get, path = "/api/v1/me/sessions", tag = "account", security(("access_token" = [])),
    responses((status = 200, description = "All sessions", body = api::Page<api::OpenSession>), CallerProblems, PassingProblems),
)]
pub(crate) async fn list_sessions(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<api::Page<api::OpenSession>>, Problem> {
    let current = caller.session()?;
    let sessions = sessions::list(&app, caller.id).await?;
    let items = sessions.into_iter().map(|session| api::OpenSession {
        id: session.id,
        created_at: session.created_at,
        last_used_at: session.used_at,
        expires_at: session.expires_at(),
        current: session.id == current,
        user_agent: session.user_agent,
    });
    Ok(Json(api::Page { items: items.collect(), next_cursor: None }))
}

/// Ends a session, at once. Asking again is not an error.
#[utoipa::path(
    delete, path = "/api/v1/me/sessions/{id}", tag = "account", security(("access_token" = [])),
    params(("id" = Uuid, Path)),
    responses(
        (status = 204, description = "It has ended"),
        (status = 404, description = "You have no such session", body = platform::problem::Body,
            content_type = "application/problem+json"),
        CallerProblems, PassingProblems,
    ),
)]
pub(crate) async fn end_session(
    State(app): State<App>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let no_such = || Problem::not_found("You have no such session.");
    caller.session()?;
    let id = id.ok().and_then(|Path(id)| Uuid::try_parse(&id).ok()).ok_or_else(no_such)?;
    let ended = sessions::end(&app, caller.id, |session| session.id == id).await?;
    if ended == 0 && sessions::ended::among(&app.pool, [id]).await?.is_empty() {
        return Err(no_such());
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all other sessions, at once.
#[utoipa::path(
    delete, path = "/api/v1/me/sessions", tag = "account", security(("access_token" = [])),
    responses((status = 204, description = "This is the only session"), CallerProblems, PassingProblems),
)]
pub(crate) async fn end_other_sessions(
    State(app): State<App>,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    let current = caller.session()?;
    sessions::end(&app, caller.id, |session| session.id != current).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;
    use sqlx::PgPool;

    use crate::test_support::{Answer, Backend};

    /// The access tokens of three sessions of one account.
    async fn three(backend: &Backend) -> [String; 3] {
        let token = |answer: Answer| answer.body["access_token"].as_str().unwrap().to_owned();
        let account = json!({"email": "ada@example.org", "password": "correct horse", "time_zone": "UTC"});
        let first = token(backend.post("/api/v1/auth/register", account).await);
        let login = async |agent: &str| {
            backend.clock.advance(TimeDelta::minutes(1));
            let request = backend.request("POST", "/api/v1/auth/login").header("user-agent", agent);
            let login = json!({"email": "ada@example.org", "password": "correct horse"});
            token(request.json(login).send().await)
        };
        [first, login("Phone/1.0").await, login("Laptop/2.0").await]
    }

    async fn send(backend: &Backend, method: &'static str, path: &str, token: &str) -> Answer {
        backend.request(method, path).token(token).send().await
    }

    #[sqlx::test(migrations = false)]
    async fn sessions_are_listed_the_latest_first(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let [_, phone, _] = three(&backend).await;
        let list = send(&backend, "GET", "/api/v1/me/sessions", &phone).await;
        assert_eq!(list.status, 200);
        let shown = |member: &str| -> Vec<_> {
            list.body["items"].as_array().unwrap().iter().map(|session| session[member].clone()).collect()
        };
        assert_eq!(shown("user_agent"), [json!("Laptop/2.0"), json!("Phone/1.0"), json!(null)]);
        assert_eq!(shown("current"), [json!(false), json!(true), json!(false)]);
    }

    #[sqlx::test(migrations = false)]
    async fn one_session_or_all_others_are_ended_at_once(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let [first, phone, laptop] = three(&backend).await;
        let list = send(&backend, "GET", "/api/v1/me/sessions", &first).await;
        let of_laptop = format!("/api/v1/me/sessions/{}", list.body["items"][0]["id"].as_str().unwrap());
        let status = async |token: &str| send(&backend, "GET", "/api/v1/me", token).await.status;
        for _ in 0..2 {
            assert_eq!(send(&backend, "DELETE", &of_laptop, &phone).await.status, 204);
        }
        assert_eq!((status(&laptop).await, status(&phone).await, status(&first).await), (401, 200, 200));
        assert_eq!(send(&backend, "DELETE", "/api/v1/me/sessions", &phone).await.status, 204);
        assert_eq!((status(&phone).await, status(&first).await), (200, 401));
        assert_eq!(send(&backend, "POST", "/api/v1/auth/logout", &phone).await.status, 204);
        assert_eq!(status(&phone).await, 401);
    }

    #[sqlx::test(migrations = false)]
    async fn nobody_ends_sessions_of_others(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let [first, ..] = three(&backend).await;
        let bob = backend.user("bob@example.org").await;
        let list = send(&backend, "GET", "/api/v1/me/sessions", &bob.token).await;
        let of_bob = list.body["items"][0]["id"].as_str().unwrap().to_owned();
        for id in [of_bob.as_str(), "x", "%ff"] {
            let answer = send(&backend, "DELETE", &format!("/api/v1/me/sessions/{id}"), &first).await;
            assert_eq!((answer.status, answer.kind()), (404, "/api/problems/not-found"), "{id}");
        }
        assert_eq!(send(&backend, "GET", "/api/v1/me", &bob.token).await.status, 200);
    }

    #[sqlx::test(migrations = false)]
    async fn a_crash_after_the_mark_leaves_nothing_that_holds(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        let [first, phone, _] = three(&backend).await;
        let list = send(&backend, "GET", "/api/v1/me/sessions", &first).await;
        let of_phone = list.body["items"][1]["id"].as_str().unwrap();
        let mark = "INSERT INTO ended_session VALUES ($1::uuid, now() + interval '1 day')";
        sqlx::query(mark).bind(of_phone).execute(&pool).await.unwrap();
        assert_eq!(send(&backend, "GET", "/api/v1/me", &phone).await.status, 401);
        let list = send(&backend, "GET", "/api/v1/me/sessions", &first).await;
        assert_eq!(list.body["items"].as_array().unwrap().len(), 2, "it is listed no more");
    }
}
