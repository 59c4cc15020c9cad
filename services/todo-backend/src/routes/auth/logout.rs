//! `POST /api/v1/auth/logout`: ends the session of the access token.

use axum::extract::State;
use http::StatusCode;
use platform::Problem;

use crate::{
    app::App,
    caller::Caller,
    openapi::{CallerProblems, PassingProblems},
    sessions,
};

/// Signs out: neither this access token nor the refresh token of its session holds any more.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", tag = "account", security(("access_token" = [])),
    responses((status = 204, description = "Signed out"), CallerProblems, PassingProblems),
)]
pub(crate) async fn logout(State(app): State<App>, caller: Caller) -> Result<StatusCode, Problem> {
    let current = caller.session()?;
    sessions::end_this(&app, caller.id, current).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use platform::state_store::StateStore;
    use serde_json::json;
    use sqlx::PgPool;

    use crate::test_support::{Backend, PASSWORD};

    #[sqlx::test(migrations = false)]
    async fn a_session_that_is_not_listed_is_ended_too(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.register("ada@example.org").await;
        let key = format!("sessions-{}", ada.id);
        let entry = backend.state.get(&key).await.unwrap().unwrap();
        backend.state.delete(&key, &entry.etag).await.unwrap();
        let logout = backend.request("POST", "/api/v1/auth/logout").token(&ada.token);
        assert_eq!(logout.send().await.status, 204);
        assert_eq!(backend.request("GET", "/api/v1/me").token(&ada.token).send().await.status, 401);
    }

    #[sqlx::test(migrations = false)]
    async fn the_session_that_gives_way_to_one_more_has_ended(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let first = backend.register("ada@example.org").await;
        let mut later = Vec::new();
        for _ in 0..50 {
            backend.clock.advance(chrono::TimeDelta::minutes(1));
            later.push(backend.signed_in("ada@example.org", PASSWORD).await);
        }
        let get = async |path: &str, token: &str| backend.request("GET", path).token(token).send().await;
        assert_eq!(get("/api/v1/me", &first.token).await.status, 401);
        let listed = get("/api/v1/me/sessions", &later[0].token).await;
        assert_eq!((listed.status, listed.body["items"].as_array().unwrap().len()), (200, 50));
        assert_eq!(listed.body["next_cursor"], json!(null));
    }
}
