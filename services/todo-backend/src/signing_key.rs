//! The keys that sign come from the Dapr secret store, again and again: a new one needs no restart.

use std::{collections::HashMap, time::Duration};

use dapr::dapr::proto::runtime::v1::GetSecretRequest;
use tokio::time::{sleep, timeout};
use virtual_actors::DaprSidecar;

use crate::keys::{KeySet, Keys, SINGLE};

const STORE: &str = "secretstore";
/// A secret with several values: each key under its name.
const SET: &str = "jwt-signing-keys";
const ATTEMPT: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How often it is read once it is there. A key is stored twice as long before it signs, at least.
const REREAD: Duration = Duration::from_secs(20);

/// Asks until the keys are there, as the sidecar starts after the app; until then the service is not ready. Then looks
/// for others, without end.
pub(crate) async fn keep_reading(sidecar: DaprSidecar, keys: Keys) {
    let mut pause = FIRST_PAUSE;
    let mut last_reason = String::new();
    loop {
        match key_set(&sidecar).await {
            Ok(set) => {
                if keys.ready().is_err() || !last_reason.is_empty() {
                    tracing::info!("the signing keys are there");
                    last_reason.clear();
                }
                keys.install(set);
                pause = REREAD;
            }
            Err(reason) => {
                if reason != last_reason {
                    tracing::warn!(store = STORE, reason, "the signing keys cannot be read");
                    last_reason = reason;
                }
                pause = if keys.ready().is_ok() { REREAD } else { (pause * 2).min(LONGEST_PAUSE) };
            }
        }
        sleep(pause).await;
    }
}

async fn key_set(sidecar: &DaprSidecar) -> Result<KeySet, String> {
    // Either may be missing. A store that cannot be asked at all fails both, and what is known stays.
    let (set, single) = (secret(sidecar, SET).await, secret(sidecar, SINGLE).await);
    if let (Err(reason), Err(_)) = (&set, &single) {
        return Err(reason.clone());
    }
    let keys = joined(set.unwrap_or_default(), single.unwrap_or_default());
    KeySet::new(keys).map_err(|error| error.to_string())
}

async fn secret(sidecar: &DaprSidecar, name: &str) -> Result<HashMap<String, String>, String> {
    let request =
        GetSecretRequest { store_name: STORE.to_owned(), key: name.to_owned(), metadata: HashMap::new() };
    let mut client = sidecar.client();
    let response = timeout(ATTEMPT, client.get_secret(request))
        .await
        .map_err(|_| "the sidecar does not answer".to_owned())?
        .map_err(|status| format!("{:?}: {}", status.code(), status.message()))?;
    Ok(response.into_inner().data)
}

/// Most stores answer a single value under the secret's name; some, one under a name of their own.
fn joined(mut set: HashMap<String, String>, mut single: HashMap<String, String>) -> HashMap<String, String> {
    let one = if single.len() == 1 { single.into_values().next() } else { single.remove(SINGLE) };
    set.extend(one.map(|key| (SINGLE.to_owned(), key)));
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn the_single_key_is_one_of_the_set() {
        assert_eq!(
            joined(map(&[("a", "1")]), map(&[(SINGLE, "0"), ("x", "y")])),
            map(&[("a", "1"), (SINGLE, "0")])
        );
        assert_eq!(joined(map(&[]), map(&[("value", "0")])), map(&[(SINGLE, "0")]));
        assert_eq!(joined(map(&[("a", "1")]), map(&[])), map(&[("a", "1")]));
        assert!(joined(map(&[]), map(&[("x", "1"), ("y", "2")])).is_empty());
    }
}
