//! The state store behind the sidecar.

use std::{collections::HashMap, future::Future, time::Duration};

use async_trait::async_trait;
use dapr::dapr::proto::{
    common::v1::{
        Etag as ProtoEtag, StateItem, StateOptions,
        state_options::{StateConcurrency, StateConsistency},
    },
    runtime::v1::{DeleteStateRequest, GetStateRequest, SaveStateRequest},
};
use tonic::{Code, Response, Status};
use virtual_actors::DaprSidecar;

use super::{Entry, Etag, StateError, StateStore};

const PATIENCE: Duration = Duration::from_secs(5);

/// A state store component of this process's sidecar.
#[derive(Debug, Clone)]
pub struct DaprState {
    sidecar: DaprSidecar,
    component: String,
}

impl DaprState {
    pub fn new(sidecar: DaprSidecar, component: impl Into<String>) -> Self {
        Self { sidecar, component: component.into() }
    }
}

#[async_trait]
impl StateStore for DaprState {
    async fn get(&self, key: &str) -> Result<Option<Entry>, StateError> {
        let request = GetStateRequest {
            store_name: self.component.clone(),
            key: key.to_owned(),
            consistency: StateConsistency::ConsistencyStrong as i32,
            metadata: HashMap::new(),
        };
        let found = within(self.sidecar.client().get_state(request)).await?;
        // Without an entry both are empty.
        Ok((!found.etag.is_empty()).then_some(Entry { value: found.data, etag: Etag(found.etag) }))
    }

    async fn save(
        &self,
        key: &str,
        value: Vec<u8>,
        expected: Option<&Etag>,
        ttl: Duration,
    ) -> Result<(), StateError> {
        let seconds = ttl.as_secs().max(1).to_string();
        let item = StateItem {
            key: key.to_owned(),
            value,
            etag: expected.map(proto_etag),
            metadata: HashMap::from([("ttlInSeconds".to_owned(), seconds)]),
            options: Some(first_write_wins()),
        };
        let request = SaveStateRequest { store_name: self.component.clone(), states: vec![item] };
        match within(self.sidecar.client().save_state(request)).await {
            // That a new entry lost to another one is told by no code of its own: look.
            Err(StateError::Unavailable(reason)) if expected.is_none() => match self.get(key).await {
                Ok(Some(_)) => Err(StateError::Conflict),
                _ => Err(StateError::Unavailable(reason)),
            },
            outcome => outcome.map(drop),
        }
    }

    async fn delete(&self, key: &str, expected: &Etag) -> Result<(), StateError> {
        let request = DeleteStateRequest {
            store_name: self.component.clone(),
            key: key.to_owned(),
            etag: Some(proto_etag(expected)),
            options: Some(first_write_wins()),
            metadata: HashMap::new(),
        };
        within(self.sidecar.client().delete_state(request)).await.map(drop)
    }
}

fn proto_etag(etag: &Etag) -> ProtoEtag {
    ProtoEtag { value: etag.0.clone() }
}

fn first_write_wins() -> StateOptions {
    StateOptions {
        concurrency: StateConcurrency::ConcurrencyFirstWrite as i32,
        consistency: StateConsistency::ConsistencyStrong as i32,
    }
}

async fn within<T>(call: impl Future<Output = Result<Response<T>, Status>>) -> Result<T, StateError> {
    match tokio::time::timeout(PATIENCE, call).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) if status.code() == Code::Aborted => Err(StateError::Conflict),
        Ok(Err(status)) => Err(StateError::Unavailable(format!("{:?}: {}", status.code(), status.message()))),
        Err(_) => Err(StateError::Unavailable(format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}
