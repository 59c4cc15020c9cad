//! Asking for JSON.

use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};

use super::GatherError;

/// How long one question is asked again while it gets no answer: what was just broken may still be recovering.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(250);

pub(super) async fn get<T: DeserializeOwned>(
    client: &reqwest::Client,
    url: &str,
    token: Option<&str>,
) -> Result<T, GatherError> {
    let started = Instant::now();
    loop {
        let failed = |source| GatherError::Http { url: url.to_owned(), source };
        let error = match once(client, url, token).await {
            Ok(response) => return response.json().await.map_err(failed),
            Err(error) => error,
        };
        let is_final = error.status().is_some_and(|status| status.is_client_error());
        if is_final || started.elapsed() >= PATIENCE {
            return Err(failed(error));
        }
        sleep(PAUSE).await;
    }
}

async fn once(
    client: &reqwest::Client,
    url: &str,
    token: Option<&str>,
) -> Result<reqwest::Response, reqwest::Error> {
    let request = client.get(url);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    request.send().await?.error_for_status()
}
