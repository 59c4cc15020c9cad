//! A store whose next commit goes wrong where the test says.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::Value;

use crate::{
    call::CommandId,
    statement::Statement,
    store::{Commit, Committed, Kind, Loaded, Store, StoreError},
};

/// Where a commit goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is committed.
    BeforeCommit,
    /// All is committed, and the host does not learn it.
    AfterCommit,
}

/// Wraps the store of one host.
#[derive(Clone)]
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    next: Arc<Mutex<Option<Fault>>>,
}

impl FaultyStore {
    /// Works like `inner` until told otherwise.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, next: Arc::default() }
    }

    /// The next commit goes wrong here.
    pub fn fail_next(&self, fault: Fault) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }

    fn take(&self) -> Option<Fault> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn load(
        &self,
        kind: &Kind,
        actor_id: &str,
        command: Option<CommandId>,
    ) -> Result<Loaded, StoreError> {
        self.inner.load(kind, actor_id, command).await
    }

    async fn version(&self, kind: &Kind, actor_id: &str) -> Result<i64, StoreError> {
        self.inner.version(kind, actor_id).await
    }

    async fn commit(&self, kind: &Kind, commit: Commit<'_>) -> Result<Committed, StoreError> {
        match self.take() {
            None => self.inner.commit(kind, commit).await,
            Some(Fault::BeforeCommit) => Err(StoreError::Unavailable("a fault before the commit".to_owned())),
            Some(Fault::AfterCommit) => {
                self.inner.commit(kind, commit).await?;
                Err(StoreError::Unavailable("a fault after the commit".to_owned()))
            }
        }
    }

    async fn execute(&self, kind: &Kind, actor_id: &str, statement: Statement) -> Result<Value, StoreError> {
        self.inner.execute(kind, actor_id, statement).await
    }
}
