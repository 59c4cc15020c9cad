//! Requests to the REST API, and to what stands for its limits.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;

/// Where requests go, over connections that are kept.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    client: Client,
    backends: Arc<Vec<String>>,
    limits: Arc<str>,
    turn: Arc<AtomicUsize>,
}

impl Api {
    pub(crate) fn new(backends: Vec<String>, limits: &str, connections: usize) -> Result<Self> {
        ensure!(!backends.is_empty(), "there is no backend");
        let client = Client::builder()
            .no_proxy()
            .tcp_nodelay(true)
            .pool_max_idle_per_host(connections)
            .timeout(Duration::from_secs(30))
            .build()?;
        Ok(Self { client, backends: Arc::new(backends), limits: limits.into(), turn: Arc::default() })
    }

    /// A request to one backend after the other; `path` is what follows `/api/v1`.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let backend = &self.backends[self.turn.fetch_add(1, Ordering::Relaxed) % self.backends.len()];
        self.client.request(method, format!("{backend}/api/v1{path}"))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub(crate) fn limit(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.limits))
    }

    /// Any address of the system, such as that of metrics.
    pub(crate) fn at(&self, method: Method, url: &str) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// A client whose answers may take for ever.
    pub(crate) fn stream(&self, path: &str) -> Result<RequestBuilder> {
        let client = Client::builder().no_proxy().tcp_nodelay(true).build()?;
        Ok(client.get(format!("{}/api/v1{path}", self.backends[0])))
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
