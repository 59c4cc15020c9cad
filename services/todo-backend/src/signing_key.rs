//! The key that signs access tokens comes from the Dapr secret store.

use std::{collections::HashMap, time::Duration};

use dapr::dapr::proto::runtime::v1::GetSecretRequest;
use tokio::time::{sleep, timeout};
use virtual_actors::DaprSidecar;

use crate::tokens::Tokens;

const STORE: &str = "secretstore";
const KEY: &str = "jwt-signing-key";
const ATTEMPT: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Asks until it is there: the sidecar starts after the app. Until then the service is not ready.
pub(crate) async fn fetch(sidecar: DaprSidecar, tokens: Tokens) {
    let mut pause = FIRST_PAUSE;
    let mut last_reason = String::new();
    loop {
        let outcome = secret(&sidecar).await;
        let Err(reason) =
            outcome.and_then(|key| tokens.install(key.as_bytes()).map_err(|error| error.to_string()))
        else {
            tracing::info!("the signing key is there");
            return;
        };
        if reason != last_reason {
            tracing::warn!(store = STORE, key = KEY, reason, "the signing key is not there yet");
            last_reason = reason;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn secret(sidecar: &DaprSidecar) -> Result<String, String> {
    let request =
        GetSecretRequest { store_name: STORE.to_owned(), key: KEY.to_owned(), metadata: HashMap::new() };
    let mut client = sidecar.client();
    let response = timeout(ATTEMPT, client.get_secret(request))
        .await
        .map_err(|_| "the sidecar does not answer".to_owned())?
        .map_err(|status| format!("{:?}: {}", status.code(), status.message()))?;
    value(response.into_inner().data).ok_or_else(|| "the store has no such secret".to_owned())
}

/// Most stores answer one value under the secret's name; some, one under a name of their own.
fn value(mut data: HashMap<String, String>) -> Option<String> {
    data.remove(KEY).or_else(|| if data.len() == 1 { data.into_values().next() } else { None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Option<String> {
        value(pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
    }

    #[test]
    fn the_secret_is_found_under_its_name_or_alone() {
        assert_eq!(of(&[("jwt-signing-key", "a"), ("other", "b")]).as_deref(), Some("a"));
        assert_eq!(of(&[("value", "a")]).as_deref(), Some("a"));
        assert_eq!(of(&[("x", "a"), ("y", "b")]), None);
        assert_eq!(of(&[]), None);
    }
}
