//! Around every request to the API: who sends it, and whether that is one too many.
//!
//! The headers are those of draft-ietf-httpapi-ratelimit-headers-10.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use platform::Problem;

use super::{Policy, Verdict};
use crate::{
    app::App,
    client_address::ClientAddress,
    credential::{Checked, Credential},
    problems,
};

const API: &str = "/api/v1/";

pub(crate) async fn limit(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    mut request: Request,
    next: Next,
) -> Response {
    // What the sidecar calls has no limit, nor have documents.
    if !request.uri().path().starts_with(API) {
        return next.run(request).await;
    }
    let credential = Credential::of(&app, request.headers()).await;
    let limits = &app.rate_limits;
    let (policy, key) = match &credential {
        Ok(Credential::Session(access)) => {
            (&limits.of_tokens, format!("session-{}", access.session.unwrap_or(access.user.0)))
        }
        Ok(Credential::Api(token)) => (&limits.of_tokens, format!("token-{}", token.id)),
        // A token that does not hold is as good as none.
        Err(_) => (&limits.of_addresses, format!("address-{}", network(address))),
    };
    request.extensions_mut().insert(Checked(credential));
    let Some(verdict) = limits.take(policy, &key, app.clock.now()).await else {
        return next.run(request).await;
    };
    let mut response = if verdict.allowed {
        next.run(request).await
    } else {
        let detail = format!("There may be {} requests in {} s. Wait.", policy.limit, policy.window);
        let problem = Problem::new(&problems::RATE_LIMITED, detail);
        problem.header(header::RETRY_AFTER, HeaderValue::from(verdict.reset)).into_response()
    };
    tell(response.headers_mut(), policy, verdict);
    response
}

fn tell(headers: &mut HeaderMap, policy: &Policy, verdict: Verdict) {
    let Policy { name, limit, window } = policy;
    let Verdict { remaining, reset, .. } = verdict;
    let values = [
        ("ratelimit-policy", format!("\"{name}\";q={limit};w={window}")),
        ("ratelimit", format!("\"{name}\";r={remaining};t={reset}")),
    ];
    for (name, value) in values {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Of an IPv6 address what one customer gets.
fn network(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::")
        }
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;
    use sqlx::PgPool;

    use super::*;
    use crate::test_support::{Answer, Backend};

    async fn limited(pool: PgPool) -> Backend {
        let policy = |name, limit| Policy { name, limit, window: 60 };
        Backend::limited(pool, policy("token", 5), policy("address", 2)).await
    }

    async fn get(backend: &Backend, token: &str) -> Answer {
        backend.request("GET", "/api/v1/me").token(token).send().await
    }

    #[sqlx::test(migrations = false)]
    async fn a_token_has_so_many_requests_in_a_window(pool: PgPool) {
        let backend = limited(pool).await;
        let (ada, bob) = (backend.user("ada@example.org").await, backend.user("bob@example.org").await);
        for remaining in (0..5).rev() {
            let answer = get(&backend, &ada.token).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.headers["ratelimit-policy"], r#""token";q=5;w=60"#);
            assert_eq!(answer.headers["ratelimit"], format!(r#""token";r={remaining};t=60"#).as_str());
        }
        let refused = get(&backend, &ada.token).await;
        assert_eq!((refused.status, refused.kind()), (429, "/api/problems/rate-limited"));
        assert_eq!(refused.headers["retry-after"], "60");
        assert_eq!(get(&backend, &bob.token).await.status, 200);
        backend.clock.advance(TimeDelta::seconds(60));
        assert_eq!(get(&backend, &ada.token).await.status, 200);
    }

    #[sqlx::test(migrations = false)]
    async fn who_shows_no_token_that_holds_is_known_by_address(pool: PgPool) {
        let backend = limited(pool).await;
        let from = async |address: &str, token: &str| {
            let request = backend.request("GET", "/api/v1/me").token(token);
            request.header("x-forwarded-for", format!("1.1.1.1, {address}")).send().await.status
        };
        for (number, expected) in [401, 401, 429].into_iter().enumerate() {
            assert_eq!(from("192.0.2.1", &format!("alm_{number}")).await, expected);
        }
        assert_eq!(from("192.0.2.2", "x").await, 401);
        let of_one_customer = ["2001:db8::1", "2001:db8::2", "2001:db8::3"];
        for (address, expected) in of_one_customer.into_iter().zip([401, 401, 429]) {
            assert_eq!(from(address, "x").await, expected, "{address}");
        }
        let login = backend.request("POST", "/api/v1/auth/login").header("x-forwarded-for", "192.0.2.1");
        let body = json!({"email": "ada@example.org", "password": "wrong horse"});
        assert_eq!(login.json(body).send().await.status, 429);
    }

    #[sqlx::test(migrations = false)]
    async fn what_is_no_api_has_no_limit(pool: PgPool) {
        let backend = limited(pool).await;
        for _ in 0..4 {
            assert_eq!(backend.request("GET", "/api/problems/invalid").send().await.status, 200);
        }
    }
}
