//! A state store in memory, for tests.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::Instant;

use super::{Entry, Etag, StateError, StateStore};

/// By key, until when each is kept.
type Entries = HashMap<String, (Entry, Instant)>;

/// Keeps the same contract as the one behind a sidecar.
#[derive(Debug, Default)]
pub struct MemoryState {
    entries: Mutex<Entries>,
    version: AtomicU64,
    away: AtomicBool,
    calls: AtomicU64,
}

impl MemoryState {
    /// Lets every call fail from now on, or none.
    pub fn fail(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// How often it was called.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    fn entries(&self) -> Result<MutexGuard<'_, Entries>, StateError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.away.load(Ordering::SeqCst) {
            return Err(StateError::Unavailable("it was made to fail".to_owned()));
        }
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|_, (_, expires)| *expires > Instant::now());
        Ok(entries)
    }
}

#[async_trait]
impl StateStore for MemoryState {
    async fn get(&self, key: &str) -> Result<Option<Entry>, StateError> {
        // As over a network: others get their turn between a read and a write.
        tokio::task::yield_now().await;
        Ok(self.entries()?.get(key).map(|(entry, _)| entry.clone()))
    }

    async fn save(
        &self,
        key: &str,
        value: Vec<u8>,
        expected: Option<&Etag>,
        ttl: Duration,
    ) -> Result<(), StateError> {
        tokio::task::yield_now().await;
        let mut entries = self.entries()?;
        if entries.get(key).map(|(entry, _)| &entry.etag) != expected {
            return Err(StateError::Conflict);
        }
        let etag = Etag(self.version.fetch_add(1, Ordering::SeqCst).to_string());
        entries.insert(key.to_owned(), (Entry { value, etag }, Instant::now() + ttl));
        Ok(())
    }

    async fn delete(&self, key: &str, expected: &Etag) -> Result<(), StateError> {
        let mut entries = self.entries()?;
        if entries.get(key).map(|(entry, _)| &entry.etag) != Some(expected) {
            return Err(StateError::Conflict);
        }
        entries.remove(key);
        Ok(())
    }
}
