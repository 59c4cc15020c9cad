//! When a part counts as ready: a question asked again and again until it is answered.

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use reqwest::StatusCode;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

/// One try may take this long.
const TRY: Duration = Duration::from_secs(2);
/// Between two tries.
pub(crate) const POLL: Duration = Duration::from_millis(50);

type Answer = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// The error of a part that works, but not with all that belongs to it.
#[derive(Debug)]
pub(crate) struct Degraded(pub(crate) String);

impl std::error::Error for Degraded {}

impl fmt::Display for Degraded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A question that succeeds once the part is ready.
#[derive(Clone)]
pub struct Readiness(Arc<dyn Fn() -> Answer + Send + Sync>);

impl Readiness {
    pub fn new<F>(question: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(question())))
    }

    /// Ready when a GET of `url` succeeds.
    pub fn http(url: String) -> Self {
        Self::new(move || {
            let url = url.clone();
            async move {
                let response =
                    client().get(&url).send().await.with_context(|| format!("no answer from {url}"))?;
                let status = response.status();
                let said = response.text().await.unwrap_or_default();
                ensure!(status.is_success(), "{url} says {status} {said}");
                Ok(())
            }
        })
    }

    /// Ready when Redis, its data loaded, answers a ping.
    pub fn redis(port: u16) -> Self {
        Self::new(move || async move {
            let mut redis = TcpStream::connect(("127.0.0.1", port)).await?;
            redis.write_all(b"PING\r\n").await?;
            let mut answer = [0; 64];
            let length = redis.read(&mut answer).await?;
            ensure!(answer.starts_with(b"+PONG"), "{}", String::from_utf8_lossy(&answer[..length]).trim());
            Ok(())
        })
    }

    /// Ready when a sidecar hosts all of `actor_types` and has all of `components`; it does without a component
    /// that has `ignoreErrors`.
    pub fn sidecar(http_port: u16, actor_types: Vec<String>, components: Vec<String>) -> Self {
        Self::new(move || {
            let (actor_types, components) = (actor_types.clone(), components.clone());
            async move {
                let url = format!("http://127.0.0.1:{http_port}/v1.0/healthz/outbound");
                let outbound = client().get(url).send().await?;
                ensure!(outbound.status().is_success(), "components are not loaded");
                let url = format!("http://127.0.0.1:{http_port}/v1.0/metadata");
                let metadata: Value = client().get(url).send().await?.json().await?;
                for actor_type in actor_types {
                    ensure!(hosts(&metadata, &actor_type), "actor type {actor_type} is not registered");
                }
                let lacking: Vec<_> = components.into_iter().filter(|name| !has(&metadata, name)).collect();
                ensure!(lacking.is_empty(), Degraded(format!("component {} is missing", lacking.join(", "))));
                Ok(())
            }
        })
    }

    /// Asks until the answer is yes, or `limit` is over.
    pub async fn within(&self, limit: Duration) -> Result<()> {
        let started = Instant::now();
        while let Err(error) = self.ask().await {
            if started.elapsed() > limit {
                return Err(error.context(format!("not ready after {} s", limit.as_secs())));
            }
            sleep(POLL).await;
        }
        Ok(())
    }

    pub(crate) async fn ask(&self) -> Result<()> {
        timeout(TRY, (self.0)()).await.context("no answer in time")?
    }
}

/// What a GET is answered; none without an answer.
pub(crate) async fn http_status(url: &str) -> Option<StatusCode> {
    client().get(url).send().await.ok().map(|response| response.status())
}

/// A client that asks directly, whatever proxy the environment names.
fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(TRY).build().unwrap_or_default()
}

/// Whether daprd's metadata say that it has registered the actor type with placement.
fn hosts(metadata: &Value, actor_type: &str) -> bool {
    let runtime = &metadata["actorRuntime"];
    let active = runtime["activeActors"].as_array().into_iter().flatten();
    runtime["hostReady"] == true && active.into_iter().any(|active| active["type"] == actor_type)
}

/// Whether daprd's metadata say that it has the component.
fn has(metadata: &Value, component: &str) -> bool {
    let components = metadata["components"].as_array();
    components.into_iter().flatten().any(|loaded| loaded["name"] == component)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_actor_type_is_hosted_once_placement_has_it() {
        let metadata = |ready| json!({ "actorRuntime": { "hostReady": ready, "activeActors": [{ "type": "Task", "count": 2 }] } });
        assert!(hosts(&metadata(true), "Task"));
        assert!(!hosts(&metadata(true), "Notification"));
        assert!(!hosts(&metadata(false), "Task"));
        assert!(!hosts(&json!({}), "Task"));
    }

    #[test]
    fn a_component_is_there_once_it_is_listed() {
        let metadata = json!({ "components": [{ "name": "email", "type": "bindings.smtp" }] });
        assert!(has(&metadata, "email"));
        assert!(!has(&metadata, "pubsub") && !has(&json!({}), "email"));
    }
}
