//! What the document says about API tokens is what endpoints do: each refuses one that lacks its scope, or, where it
//! names none, any.

use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    scope::Scope,
    secret::Secret,
    test_support::{Answer, Backend, User},
};

/// A token with these scopes.
async fn token(backend: &Backend, user: &User, scopes: &[Scope]) -> String {
    let secret = Secret::random();
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
    sqlx::query(
        "INSERT INTO api_token (id, user_id, name, scopes, hash, created_at, kid, seed)
         VALUES (gen_random_uuid(), $1, '', $2, $3, now(), '', '')",
    )
    .bind(user.id)
    .bind(scopes)
    .bind(secret.hash())
    .execute(&backend.app.pool)
    .await
    .unwrap();
    format!("alm_{}", secret.encode())
}

async fn send(backend: &Backend, method: &'static str, path: &str, token: &str) -> Answer {
    let segments = path
        .split('/')
        .map(|segment| if segment.starts_with('{') { Uuid::nil().to_string() } else { segment.to_owned() });
    let path = segments.collect::<Vec<_>>().join("/");
    backend.request(method, &path).token(token).json(json!({})).send().await
}

#[sqlx::test(migrations = false)]
async fn every_operation_lets_in_the_tokens_it_names_and_no_others(pool: PgPool) {
    let backend = Backend::new(pool).await;
    let ada = backend.user("ada@example.org").await;
    let document = backend.request("GET", "/api/openapi.json").send().await.body;
    let mut tried = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let alternatives = operation["security"].as_array().cloned().unwrap_or_default();
            if !alternatives.iter().any(|one| one["access_token"].is_array()) {
                continue;
            }
            tried += 1;
            let method: &'static str = method.to_uppercase().leak();
            let named = alternatives.iter().find_map(|one| one["api_token"][0].as_str());
            let needed = named.map(|name| Scope::parse(name).unwrap_or_else(|| panic!("{path}: {name}")));
            let others: Vec<Scope> = Scope::ALL
                .into_iter()
                .filter(|has| !needed.is_some_and(|needed| has.includes(needed)))
                .collect();
            let refused = send(&backend, method, path, &token(&backend, &ada, &others).await).await;
            let expected = if named.is_some() { "insufficient-scope" } else { "session-required" };
            assert_eq!(
                (refused.status, refused.kind()),
                (403, format!("/api/problems/{expected}").as_str()),
                "{method} {path}"
            );
            let challenge = refused.headers["www-authenticate"].to_str().unwrap();
            assert_eq!(
                named.is_some_and(|name| challenge.contains(&format!("scope=\"{name}\""))),
                named.is_some()
            );
            // That of live events has no end.
            if let Some(needed) = needed
                && path != "/api/v1/events"
            {
                let let_in = send(&backend, method, path, &token(&backend, &ada, &[needed]).await).await;
                assert!(let_in.status != 401 && let_in.status != 403, "{method} {path}: {}", let_in.status);
            }
            assert!(operation["responses"]["403"] != Value::Null, "{method} {path} tells of no 403");
        }
    }
    assert!(tried > 30, "{tried}");
}
