//! `/api/v1/me/tokens`: tokens for programs.

use axum::extract::{Path, State, rejection::PathRejection};
use chrono::{DateTime, SubsecRound, Utc};
use contracts::api;
use domain::{Violation, Violations};
use http::{StatusCode, header};
use platform::{Json, Problem};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    api_tokens::{self, ApiToken},
    app::App,
    caller::Caller,
    idempotency::Idempotency,
    input::Found,
    openapi::{BodyProblems, CallerProblems, PassingProblems},
    problems,
    scope::Scope,
};

const NAME_CHARS: usize = 100;

struct Wanted {
    name: String,
    scopes: Vec<Scope>,
    expires_at: Option<DateTime<Utc>>,
}

/// Your API tokens, the newest first.
#[utoipa::path(
    get, path = "/api/v1/me/tokens", tag = "account", security(("access_token" = [])),
    responses((status = 200, description = "All of them, without their secrets", body = api::Page<api::ApiToken>), CallerProblems, PassingProblems),
)]
pub(crate) async fn list_tokens(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<api::Page<api::ApiToken>>, Problem> {
    let tokens = api_tokens::list(&app.pool, caller.id.0).await?;
    Ok(Json(api::Page { items: tokens.iter().map(ApiToken::shown).collect(), next_cursor: None }))
}

/// Makes an API token. Its secret is in this answer only.
///
/// Sent again under its `Idempotency-Key`, the request gets the same token; once the service's keys have changed,
/// that token with another secret.
#[utoipa::path(
    post, path = "/api/v1/me/tokens", tag = "account", security(("access_token" = [])),
    request_body = api::ApiTokenInput,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to send again")),
    responses(
        (status = 201, description = "The token, with its secret", body = api::NewApiToken),
        CallerProblems, BodyProblems, PassingProblems,
    ),
)]
pub(crate) async fn create_token(
    State(app): State<App>,
    caller: Caller,
    idempotency: Idempotency,
    Json(body): Json<Value>,
) -> Result<([(header::HeaderName, &'static str); 1], (StatusCode, Json<api::NewApiToken>)), Problem> {
    let now = app.clock.now().trunc_subsecs(6);
    let Wanted { name, scopes, expires_at } = read(body, now)?;
    let keys = app.tokens.keys.current()?;
    let (kid, key) = keys.signing(now)?;
    let id = idempotency.new_id(caller.id, app.ids.as_ref());
    let new = ApiToken::new((id, caller.id.0), name, &scopes, now, expires_at, kid);
    let mut secret = key.secret(&new.message())?;
    let mut token = new;
    if !api_tokens::insert(&app.pool, &token, &secret).await? {
        let tokens = api_tokens::list(&app.pool, caller.id.0).await?;
        let Some(first) = tokens.into_iter().find(|token| token.id == id) else {
            let detail = format!(
                "You have {} tokens, as many as there may be. Take one back first.",
                api_tokens::MOST
            );
            return Err(Problem::invalid("", "too_many", detail));
        };
        if !first.is_like(&token) {
            return Err(Problem::new(
                &problems::IDEMPOTENCY_KEY_REUSED,
                "Under this key another token was made.",
            ));
        }
        match keys.get(&first.kid) {
            Some(key) => secret = key.secret(&first.message())?,
            None => api_tokens::exchange(&app.pool, &token, &secret).await?,
        }
        token = first;
    }
    let text = format!("{}{}", api_tokens::PREFIX, secret.encode());
    let created = api::NewApiToken { info: token.shown(), token: text };
    Ok(([(header::CACHE_CONTROL, "no-store")], (StatusCode::CREATED, Json(created))))
}

/// Takes an API token back, at once.
#[utoipa::path(
    delete, path = "/api/v1/me/tokens/{id}", tag = "account", security(("access_token" = [])),
    params(("id" = Uuid, Path)),
    responses(
        (status = 204, description = "It does not hold any more"),
        (status = 404, description = "You have no such token", body = platform::problem::Body,
            content_type = "application/problem+json"),
        CallerProblems, PassingProblems,
    ),
)]
pub(crate) async fn delete_token(
    State(app): State<App>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let no_such = || Problem::not_found("You have no such API token.");
    let id = id.ok().and_then(|Path(id)| Uuid::try_parse(&id).ok()).ok_or_else(no_such)?;
    if api_tokens::remove(&app.pool, caller.id.0, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(no_such())
    }
}

fn read(body: Value, now: DateTime<Utc>) -> Result<Wanted, Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let name = found.required(&mut body, "name", name);
    let expires_at =
        body.take("expires_at").map(|value| found.parsed("expires_at", value, |text| instant(text, now)));
    let scopes = match body.take("scopes") {
        Some(value) => found.texts("scopes", value).and_then(|names| scopes(&mut found, &names)),
        None => {
            found.report("scopes", "required", "This is missing.");
            None
        }
    };
    found.unknown_members(body, &["id", "token", "created_at", "last_used_at"]);
    let read = name.zip(scopes);
    found.finish(read.map(|(name, scopes)| Wanted { name, scopes, expires_at: expires_at.flatten() }))
}

fn name(text: &str) -> Result<String, Violation> {
    let text = text.trim();
    let count = text.chars().count();
    if count == 0 || count > NAME_CHARS || text.chars().any(char::is_control) {
        let detail = format!("A name is one line of 1 to {NAME_CHARS} characters.");
        return Err(Violation::new("name", "invalid_name", detail));
    }
    Ok(text.to_owned())
}

fn instant(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Violation> {
    let wrong = |rule, detail| Violation::new("expires_at", rule, detail);
    let parsed = DateTime::parse_from_rfc3339(text)
        .map_err(|_| wrong("invalid_instant", "An instant looks like 2026-12-01T08:00:00Z."))?
        .to_utc()
        .trunc_subsecs(6);
    if parsed <= now || parsed.format("%Y").to_string().len() > 4 {
        return Err(wrong("out_of_range", "A token ends in the future, before the year 10000."));
    }
    Ok(parsed)
}

fn scopes(found: &mut Found, names: &[String]) -> Option<Vec<Scope>> {
    let mut scopes = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match Scope::parse(name) {
            Some(scope) => scopes.push(scope),
            None => {
                let detail = format!("The scopes are {}.", Scope::ALL.map(Scope::name).join(", "));
                found.report(format!("scopes[{index}]"), "unknown_scope", detail);
            }
        }
    }
    if names.is_empty() {
        found.report("scopes", "required", "A token without a scope is good for nothing.");
    }
    let known = scopes.len();
    scopes.sort_unstable();
    scopes.dedup();
    (known == names.len() && known > 0).then_some(scopes)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;
    use sqlx::PgPool;

    use crate::test_support::{Answer, Backend, User};

    async fn create(backend: &Backend, user: &User, key: &str, body: serde_json::Value) -> Answer {
        let request = backend.request("POST", "/api/v1/me/tokens").token(&user.token);
        request.header("idempotency-key", key).json(body).send().await
    }

    async fn status(backend: &Backend, method: &'static str, path: &str, token: &str) -> u16 {
        backend.request(method, path).token(token).send().await.status
    }

    #[sqlx::test(migrations = false)]
    async fn a_token_does_what_its_scopes_say_until_it_is_taken_back(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        let ada = backend.user("ada@example.org").await;
        let answer = create(&backend, &ada, "k", json!({"name": " Sync ", "scopes": ["tasks:read"]})).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert_eq!((&answer.body["name"], &answer.body["expires_at"]), (&json!("Sync"), &json!(null)));
        let token = answer.body["token"].as_str().unwrap();
        assert!(token.starts_with("alm_"));
        assert_eq!(status(&backend, "GET", "/api/v1/tasks", token).await, 200);

        let task = json!({"title": "Water the plants"});
        let refused = backend.request("POST", "/api/v1/tasks").token(token).json(task).send().await;
        assert_eq!((refused.status, refused.kind()), (403, "/api/problems/insufficient-scope"));
        assert_eq!(
            refused.headers["www-authenticate"],
            r#"Bearer error="insufficient_scope", scope="tasks:write""#
        );
        let refused = backend.request("GET", "/api/v1/me/tokens").token(token).send().await;
        assert_eq!((refused.status, refused.kind()), (403, "/api/problems/session-required"));

        let list = backend.request("GET", "/api/v1/me/tokens").token(&ada.token).send().await;
        assert_eq!(list.body["items"][0]["last_used_at"], "2026-07-01T08:00:00Z");
        assert!(list.body["items"][0]["token"].is_null());
        let stored: String =
            sqlx::query_scalar("SELECT api_token::text FROM api_token").fetch_one(&pool).await.unwrap();
        assert!(!stored.contains(token.trim_start_matches("alm_")));

        let path = format!("/api/v1/me/tokens/{}", answer.body["id"].as_str().unwrap());
        let bob = backend.user("bob@example.org").await;
        assert_eq!(status(&backend, "DELETE", &path, &bob.token).await, 404);
        assert_eq!(status(&backend, "DELETE", &path, &ada.token).await, 204);
        assert_eq!(status(&backend, "GET", "/api/v1/tasks", token).await, 401);
        assert_eq!(status(&backend, "DELETE", &path, &ada.token).await, 404);
        assert_eq!(status(&backend, "DELETE", "/api/v1/me/tokens/%ff", &ada.token).await, 404);
    }

    #[sqlx::test(migrations = false)]
    async fn a_token_ends_when_it_says(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let body = json!({"name": "x", "scopes": ["tasks:write"], "expires_at": "2026-07-02T10:00:00+02:00"});
        let answer = create(&backend, &ada, "k", body).await;
        assert_eq!((answer.status, &answer.body["expires_at"]), (201, &json!("2026-07-02T08:00:00Z")));
        let token = answer.body["token"].as_str().unwrap();
        assert_eq!(status(&backend, "GET", "/api/v1/tasks", token).await, 200, "who may write may read");
        backend.clock.advance(TimeDelta::days(1));
        assert_eq!(status(&backend, "GET", "/api/v1/tasks", token).await, 401);
    }

    #[sqlx::test(migrations = false)]
    async fn the_same_request_again_shows_the_same_token(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let body = json!({"name": "Sync", "scopes": ["tasks:read"]});
        let (first, again) =
            (create(&backend, &ada, "k", body.clone()).await, create(&backend, &ada, "k", body).await);
        assert_eq!((again.status, &again.body), (201, &first.body));
        let other = create(&backend, &ada, "k", json!({"name": "Other", "scopes": ["tasks:read"]})).await;
        assert_eq!((other.status, other.kind()), (422, "/api/problems/idempotency-key-reused"));
    }

    #[sqlx::test(migrations = false)]
    async fn what_is_wrong_with_a_token_is_named_and_there_are_not_too_many(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        let ada = backend.user("ada@example.org").await;
        let bad = json!({"name": "", "scopes": ["tasks:read", "root"], "expires_at": "2020-01-01T00:00:00Z", "x": 1});
        let answer = create(&backend, &ada, "k", bad).await;
        assert_eq!(
            (answer.status, answer.fields()),
            (422, ["name", "expires_at", "scopes[1]", "x"].map(str::to_owned).to_vec())
        );
        assert_eq!(
            create(&backend, &ada, "k", json!({"name": "x", "scopes": []})).await.fields(),
            ["scopes"]
        );
        let fill = "INSERT INTO api_token (id, user_id, name, scopes, hash, created_at, kid, seed)
                    SELECT gen_random_uuid(), $1, '', '{}', n::text::bytea, now(), '', '' FROM generate_series(1, 100) AS n";
        sqlx::query(fill).bind(ada.id).execute(&pool).await.unwrap();
        let answer = create(&backend, &ada, "k", json!({"name": "x", "scopes": ["tasks:read"]})).await;
        assert_eq!((answer.status, &answer.body["errors"][0]["rule"]), (422, &json!("too_many")));
    }
}
