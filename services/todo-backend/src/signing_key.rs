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

/// A secret that cannot be read so many times in a row, while the other can, is not there.
const MISSING: u32 = 5;

/// Asks until the keys are there, as the sidecar starts after the app; until then the service is not ready. Then looks
/// for others, without end.
pub(crate) async fn keep_reading(sidecar: DaprSidecar, keys: Keys) {
    let mut pause = FIRST_PAUSE;
    let mut last_reason = String::new();
    let mut stored = Stored::default();
    loop {
        let (set, single) = (secret(&sidecar, SET).await, secret(&sidecar, SINGLE).await);
        match stored.hear(set, single) {
            Ok(set) => {
                if keys.ready().is_err() || !last_reason.is_empty() {
                    tracing::info!("the signing keys are there");
                    last_reason.clear();
                }
                keys.install(set);
                pause = if stored.is_certain() { REREAD } else { LONGEST_PAUSE };
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

type Values = HashMap<String, String>;

/// What the two secrets were when they were last read.
#[derive(Default)]
struct Stored {
    set: Half,
    single: Half,
}

/// One of them, either of which may be missing.
#[derive(Default)]
struct Half {
    /// None until the store has said.
    known: Option<Values>,
    /// In a row, while the other could be read.
    failures: u32,
}

impl Stored {
    fn hear(
        &mut self,
        set: Result<Values, String>,
        single: Result<Values, String>,
    ) -> Result<KeySet, String> {
        // A store that cannot be asked at all fails both, and what is known stays.
        if let (Err(reason), Err(_)) = (&set, &single) {
            return Err(reason.clone());
        }
        let (set, single) = (self.set.hear(set)?, self.single.hear(single)?);
        KeySet::new(joined(set, single)).map_err(|error| error.to_string())
    }

    fn is_certain(&self) -> bool {
        [&self.set, &self.single].iter().all(|half| !(1..MISSING).contains(&half.failures))
    }
}

impl Half {
    fn hear(&mut self, answer: Result<Values, String>) -> Result<Values, String> {
        match answer {
            Ok(values) => *self = Self { known: Some(values), failures: 0 },
            Err(reason) => {
                // Dapr has no status of its own for what is missing: some stores say so, others only fail every time.
                let says_missing = reason.to_lowercase().contains("not found");
                self.failures = if says_missing { MISSING } else { (self.failures + 1).min(MISSING) };
                if self.failures == MISSING {
                    self.known = Some(Values::new());
                }
                return self.known.clone().ok_or(reason);
            }
        }
        Ok(self.known.clone().unwrap_or_default())
    }
}

async fn secret(sidecar: &DaprSidecar, name: &str) -> Result<Values, String> {
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
fn joined(mut set: Values, mut single: Values) -> Values {
    let one = if single.len() == 1 { single.into_values().next() } else { single.remove(SINGLE) };
    set.extend(one.map(|key| (SINGLE.to_owned(), key)));
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> Values {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    fn failed() -> Result<Values, String> {
        Err("Internal: too many requests".to_owned())
    }

    fn not_there() -> Result<Values, String> {
        Err("Internal: failed getting secret: secret jwt-signing-keys not found".to_owned())
    }

    fn has(set: Result<KeySet, String>) -> [bool; 2] {
        let set = set.unwrap();
        ["a", SINGLE].map(|kid| set.get(kid).is_some())
    }

    #[test]
    fn what_cannot_be_read_for_a_moment_is_still_known() {
        let (set, single) = (map(&[("a", KEY)]), map(&[(SINGLE, KEY)]));
        let mut stored = Stored::default();
        assert_eq!(has(stored.hear(Ok(set.clone()), Ok(single.clone()))), [true, true]);
        assert_eq!(has(stored.hear(failed(), Ok(single.clone()))), [true, true]);
        assert!(!stored.is_certain());
        assert_eq!(has(stored.hear(Ok(set.clone()), failed())), [true, true]);
        assert!(stored.hear(failed(), failed()).is_err());
        assert_eq!(has(stored.hear(Ok(set), Ok(single))), [true, true]);
        assert!(stored.is_certain());
    }

    #[test]
    fn what_is_missing_is_forgotten_and_not_waited_for() {
        let (set, single) = (map(&[("a", KEY)]), map(&[(SINGLE, KEY)]));
        let mut stored = Stored::default();
        assert_eq!(has(stored.hear(not_there(), Ok(single.clone()))), [false, true]);
        assert_eq!(has(stored.hear(Ok(set.clone()), Ok(single))), [true, true]);
        assert_eq!(has(stored.hear(Ok(set.clone()), not_there())), [true, false]);
        assert!(stored.is_certain());

        // Where the store does not say what is wrong.
        let mut stored = Stored::default();
        for _ in 1..MISSING {
            assert!(stored.hear(Ok(set.clone()), failed()).is_err(), "at start both are asked for");
        }
        assert_eq!(has(stored.hear(Ok(set), failed())), [true, false]);
        assert!(stored.is_certain());
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
