//! Dapr's state store: values under keys, each for a time, each at a version of its own, the etag.
//!
//! A change says which version it was made on. So of two at once one wins, and the other sees a
//! [`StateError::Conflict`]; [`update`] reads, decides and saves again until it wins.

#[cfg(any(test, feature = "testing"))]
pub mod contract;
mod dapr;
#[cfg(any(test, feature = "testing"))]
mod memory;

use std::time::Duration;

use async_trait::async_trait;
use serde::{Serialize, de::DeserializeOwned};

pub use self::dapr::DaprState;
#[cfg(any(test, feature = "testing"))]
pub use self::memory::MemoryState;
use crate::Problem;

/// More would mean that somebody saves without end.
const TRIES: usize = 32;

/// What is stored under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub value: Vec<u8>,
    pub etag: Etag,
}

/// The version of an entry; opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Etag(pub(crate) String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Somebody else changed the entry, made it or removed it.
    #[error("the entry has changed meanwhile")]
    Conflict,
    /// It cannot be reached now. Whether a change was made is unknown.
    #[error("the state store is unavailable: {0}")]
    Unavailable(String),
    /// What is stored makes no sense.
    #[error("an entry cannot be read: {0}")]
    Malformed(String),
}

/// A state store.
#[async_trait]
pub trait StateStore: Send + Sync + 'static {
    /// What is stored under a key and has not expired.
    async fn get(&self, key: &str) -> Result<Option<Entry>, StateError>;

    /// Stores a value for so long, at least a second, if the entry still is at the version `expected`; if that is
    /// none, there must be no entry.
    async fn save(
        &self,
        key: &str,
        value: Vec<u8>,
        expected: Option<&Etag>,
        ttl: Duration,
    ) -> Result<(), StateError>;

    /// Removes an entry if it still is at this version.
    async fn delete(&self, key: &str, expected: &Etag) -> Result<(), StateError>;
}

/// What is to become of an entry.
#[derive(Debug)]
pub enum Change<T> {
    Save(T, Duration),
    Remove,
    Nothing,
}

/// Reads an entry as JSON.
///
/// # Errors
/// When the store is away, or the entry makes no sense.
pub async fn read<T: DeserializeOwned>(store: &dyn StateStore, key: &str) -> Result<Option<T>, StateError> {
    store.get(key).await?.map(|entry| parsed(&entry)).transpose()
}

/// Changes an entry, which is JSON. `decide` is asked again when somebody else was faster.
///
/// # Errors
/// When the store is away, then the change may or may not have been made; or when the entry makes no sense.
pub async fn update<T: Serialize + DeserializeOwned, R>(
    store: &dyn StateStore,
    key: &str,
    mut decide: impl FnMut(Option<T>) -> (Change<T>, R),
) -> Result<R, StateError> {
    for _ in 0..TRIES {
        let entry = store.get(key).await?;
        let (change, result) = decide(entry.as_ref().map(parsed).transpose()?);
        let etag = entry.as_ref().map(|entry| &entry.etag);
        let outcome = match (change, etag) {
            (Change::Save(value, ttl), etag) => {
                let value = serde_json::to_vec(&value).map_err(|e| StateError::Malformed(e.to_string()))?;
                store.save(key, value, etag, ttl).await
            }
            (Change::Remove, Some(etag)) => store.delete(key, etag).await,
            (Change::Remove, None) | (Change::Nothing, _) => Ok(()),
        };
        match outcome {
            Ok(()) => return Ok(result),
            Err(StateError::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    Err(StateError::Unavailable(format!("{TRIES} times somebody else was faster")))
}

fn parsed<T: DeserializeOwned>(entry: &Entry) -> Result<T, StateError> {
    serde_json::from_slice(&entry.value).map_err(|error| StateError::Malformed(error.to_string()))
}

impl From<StateError> for Problem {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Malformed(_) => Self::internal(error),
            StateError::Conflict | StateError::Unavailable(_) => {
                tracing::warn!(%error, "the state store does not serve");
                Self::unavailable("The state store does not answer right now.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_double_in_memory_keeps_the_contract() {
        contract::holds_for(&MemoryState::default()).await;
    }

    #[tokio::test]
    async fn updates_at_once_lose_nothing() {
        let store = MemoryState::default();
        let add = || {
            update(&store, "sum", |sum: Option<u32>| {
                (Change::Save(sum.unwrap_or(0) + 1, Duration::from_secs(60)), ())
            })
        };
        for outcome in futures::future::join_all((0..20).map(|_| add())).await {
            outcome.unwrap();
        }
        assert_eq!(read::<u32>(&store, "sum").await.unwrap(), Some(20));
    }

    #[tokio::test]
    async fn a_store_that_is_away_is_a_503() {
        let store = MemoryState::default();
        store.fail(true);
        let error = read::<u32>(&store, "sum").await.unwrap_err();
        assert_eq!(Problem::from(error).status(), 503);
        assert_eq!(Problem::from(StateError::Malformed("x".into())).status(), 500);
    }
}
