//! Paths that only the sidecar may call, when it was given a token to show (`APP_API_TOKEN`).

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use crate::problem::{self, Problem};

const HEADER: &str = "dapr-api-token";
/// Callbacks, and what other services ask for through their sidecars.
const SIDECAR_ONLY: [&str; 7] =
    ["/actors", "/dapr", "/events", "/api/jobs", "/api/recurring", "/entries", "/internal"];

/// The token's hash; comparing hashes takes the same time wherever they differ.
#[derive(Clone)]
pub(crate) struct AppToken(Option<Arc<[u8]>>);

impl AppToken {
    pub(crate) fn new(token: Option<&str>) -> Self {
        Self(token.map(|token| Sha256::digest(token).to_vec().into()))
    }

    fn admits(&self, request: &Request) -> bool {
        let Some(expected) = &self.0 else { return true };
        let path = request.uri().path();
        let guarded = SIDECAR_ONLY.iter().any(|prefix| {
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        !guarded
            || request
                .headers()
                .get(HEADER)
                .is_some_and(|shown| Sha256::digest(shown.as_bytes())[..] == expected[..])
    }
}

pub(crate) async fn check(State(token): State<AppToken>, request: Request, next: Next) -> Response {
    if token.admits(&request) {
        return next.run(request).await;
    }
    Problem::new(&problem::FORBIDDEN, "Only this service's sidecar may call this.").into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn admits(token: Option<&str>, path: &str, shown: Option<&str>) -> bool {
        let mut request = Request::builder().uri(path);
        if let Some(shown) = shown {
            request = request.header(HEADER, shown);
        }
        AppToken::new(token).admits(&request.body(Body::empty()).unwrap())
    }

    #[test]
    fn the_sidecars_paths_need_the_token_once_there_is_one() {
        assert!(admits(None, "/actors/Task/1/method/get", None));
        assert!(!admits(Some("secret"), "/actors/Task/1/method/get", None));
        assert!(!admits(Some("secret"), "/api/jobs/check-reminders", Some("guess")));
        assert!(!admits(Some("secret"), "/internal/v1/recurring/instances", None));
        assert!(!admits(Some("secret"), "/api/recurring/0199c0de-0000-7000-8000-000000000001", None));
        assert!(admits(Some("secret"), "/events/reminders", Some("secret")));
        assert!(!admits(Some("secret"), "/entries?task_id=1", None));
        assert!(admits(Some("secret"), "/entries?task_id=1", Some("secret")));
        assert!(admits(Some("secret"), "/api/v1/tasks", None));
        assert!(admits(Some("secret"), "/healthz", None));
    }
}
