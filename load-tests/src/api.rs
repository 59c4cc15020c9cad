//! Requests to the REST API and to a sidecar.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;

/// Where requests go, over connections that are kept.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    client: Client,
    backend: String,
    sidecar: String,
}

impl Api {
    pub(crate) fn new(backend: String, sidecar: String, connections: usize) -> Result<Self> {
        let client = Client::builder()
            .no_proxy()
            .tcp_nodelay(true)
            .pool_max_idle_per_host(connections)
            .timeout(Duration::from_secs(30))
            .build()?;
        Ok(Self { client, backend, sidecar })
    }

    /// `path` is what follows `/api/v1`.
    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}/api/v1{path}", self.backend))
    }

    /// `path` is what follows `/api/v1`.
    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}/api/v1{path}", self.backend))
    }

    /// Calls a method of an actor as any client of the sidecar may.
    pub(crate) fn call_actor(&self, actor_type: &str, id: &str, method: &str) -> RequestBuilder {
        self.client.put(format!("{}/v1.0/actors/{actor_type}/{id}/method/{method}", self.sidecar))
    }
}

/// The whole answer, which must have this status.
pub(crate) async fn answer(request: RequestBuilder, expected: StatusCode) -> Result<Vec<u8>> {
    let response = request.send().await?;
    let status = response.status();
    let body = response.bytes().await?;
    ensure!(status == expected, "{status}: {}", String::from_utf8_lossy(&body));
    Ok(body.into())
}

/// What is of interest in an answer.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    serde_json::from_slice(body).with_context(|| String::from_utf8_lossy(body).into_owned())
}
