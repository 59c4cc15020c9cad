//! The sidecar over gRPC, by the stubs of the `dapr` crate.
//!
//! gRPC because over HTTP a reminder's failure policy is silently dropped.

use std::{collections::HashMap, collections::HashSet, future::Future, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use dapr::{
    client::{ApiTokenInterceptor, TonicClientWithAuth},
    dapr::proto::{
        common::v1::{JobFailurePolicy, JobFailurePolicyConstant, job_failure_policy::Policy},
        runtime::v1 as proto,
    },
};
use tokio::task::JoinSet;
use tonic::{Code, Status, transport::Endpoint};

use crate::sidecar::{Publication, Sidecar, SidecarError};

const CLOUD_EVENTS: &str = "application/cloudevents+json";
/// A publish or a reminder's registration that takes longer has failed; it is tried again.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Enough that not all are for actors of one host, which may be frozen.
const PROBES: usize = 8;
/// What daprd's metadata say of a placement that is there.
const PLACED: &str = "placement: connected";
/// Between tries of a reminder whose callback failed.
const REMINDER_RETRY: prost_types::Duration = prost_types::Duration { seconds: 1, nanos: 0 };

/// A connection to this process's own daprd. Cheap to clone; connects when first used, and again after a loss.
#[derive(Debug, Clone)]
pub struct DaprSidecar {
    client: TonicClientWithAuth,
    pubsub: String,
}

impl DaprSidecar {
    /// The daprd whose gRPC API listens on `address`, e.g. `http://127.0.0.1:50001`; events go to
    /// the pub/sub component named `pubsub`.
    ///
    /// # Errors
    /// When `address` is no URI.
    pub fn new(
        address: &str,
        api_token: Option<String>,
        pubsub: impl Into<String>,
    ) -> Result<Self, SidecarError> {
        let channel = Endpoint::from_shared(address.to_owned())
            .map_err(|error| SidecarError::Rejected(error.to_string()))?
            .connect_timeout(Duration::from_secs(2))
            .tcp_nodelay(true)
            .http2_keep_alive_interval(Duration::from_secs(5))
            .connect_lazy();
        let client =
            proto::dapr_client::DaprClient::with_interceptor(channel, ApiTokenInterceptor::new(api_token));
        Ok(Self { client, pubsub: pubsub.into() })
    }

    /// The generated client, for building blocks this library does not wrap.
    pub fn client(&self) -> TonicClientWithAuth {
        self.client.clone()
    }

    /// Whether this sidecar hosts actors of all these types now, as far as placement told it.
    ///
    /// # Errors
    /// When the sidecar cannot be reached.
    pub async fn hosts(&self, actor_types: &[&str]) -> Result<bool, SidecarError> {
        let mut client = self.client.clone();
        let metadata = within(TIMEOUT, client.get_metadata(proto::GetMetadataRequest {})).await?;
        let Some(runtime) = metadata.actor_runtime else { return Ok(actor_types.is_empty()) };
        let hosted: HashSet<&str> = runtime.active_actors.iter().map(|count| count.r#type.as_str()).collect();
        Ok(runtime.host_ready && actor_types.iter().all(|wanted| hosted.contains(wanted)))
    }

    /// Whether placement has told this sidecar where actors live, and is there now.
    ///
    /// # Errors
    /// When the sidecar cannot be reached.
    pub async fn is_placed(&self) -> Result<bool, SidecarError> {
        let mut client = self.client.clone();
        let metadata = within(TIMEOUT, client.get_metadata(proto::GetMetadataRequest {})).await?;
        Ok(metadata.actor_runtime.is_some_and(|runtime| runtime.placement == PLACED))
    }

    /// Asks the sidecar to end; whoever runs it starts it again.
    ///
    /// # Errors
    /// When it cannot be reached, or may not be asked.
    pub async fn shut_down(&self) -> Result<(), SidecarError> {
        within(TIMEOUT, self.client.clone().shutdown(proto::ShutdownRequest {})).await?;
        Ok(())
    }

    /// Whether calls to actors of this type wait for so long in this sidecar, whichever actor they are for.
    pub async fn keeps_waiting(&self, actor_type: &str, patience: Duration) -> bool {
        let mut probes = JoinSet::new();
        for number in 0..PROBES {
            let (actor_type, actor_id) = (actor_type.to_owned(), format!("probe-{number}"));
            // It is no call: the host that gets it says so, and no actor hears of it.
            let request = proto::InvokeActorRequest {
                actor_type,
                actor_id,
                method: "probe".to_owned(),
                data: Vec::new(),
                metadata: HashMap::new(),
            };
            let mut client = self.client.clone();
            probes.spawn(async move { client.invoke_actor(request).await });
        }
        // An error is an answer, too.
        tokio::time::timeout(patience, probes.join_next()).await.is_err()
    }

    async fn publish_one(&self, topic: &str, publication: Publication) -> Result<Vec<bool>, SidecarError> {
        let request = proto::PublishEventRequest {
            pubsub_name: self.pubsub.clone(),
            topic: topic.to_owned(),
            data: publication.event.to_string().into_bytes(),
            data_content_type: CLOUD_EVENTS.to_owned(),
            metadata: partition_key(publication.key),
        };
        within(TIMEOUT, self.client.clone().publish_event(request)).await.map_err(without_broker)?;
        Ok(vec![true])
    }

    async fn publish_bulk(&self, topic: &str, events: Vec<Publication>) -> Result<Vec<bool>, SidecarError> {
        let count = events.len();
        let entries =
            events.into_iter().enumerate().map(|(index, publication)| proto::BulkPublishRequestEntry {
                entry_id: index.to_string(),
                event: publication.event.to_string().into_bytes(),
                content_type: CLOUD_EVENTS.to_owned(),
                metadata: partition_key(publication.key),
            });
        let request = proto::BulkPublishRequest {
            pubsub_name: self.pubsub.clone(),
            topic: topic.to_owned(),
            entries: entries.collect(),
            metadata: HashMap::new(),
        };
        let response =
            within(TIMEOUT, self.client.clone().bulk_publish_event(request)).await.map_err(without_broker)?;
        let failed: HashMap<_, _> =
            response.failed_entries.into_iter().map(|entry| (entry.entry_id, entry.error)).collect();
        if let Some(error) = failed.values().next() {
            tracing::warn!(topic, failed = failed.len(), of = count, %error, "the broker refused events");
        }
        Ok((0..count).map(|index| !failed.contains_key(&index.to_string())).collect())
    }
}

#[async_trait]
impl Sidecar for DaprSidecar {
    async fn invoke_actor(
        &self,
        actor_type: &str,
        actor_id: &str,
        method: &str,
        body: Vec<u8>,
        timeout: Duration,
    ) -> Result<Vec<u8>, SidecarError> {
        let request = proto::InvokeActorRequest {
            actor_type: actor_type.to_owned(),
            actor_id: actor_id.to_owned(),
            method: method.to_owned(),
            data: body,
            metadata: HashMap::new(),
        };
        Ok(within(timeout, self.client.clone().invoke_actor(request)).await?.data)
    }

    async fn set_reminder(
        &self,
        actor_type: &str,
        actor_id: &str,
        name: &str,
        due: DateTime<Utc>,
    ) -> Result<(), SidecarError> {
        let endless = JobFailurePolicyConstant { interval: Some(REMINDER_RETRY), max_retries: None };
        let request = proto::RegisterActorReminderRequest {
            actor_type: actor_type.to_owned(),
            actor_id: actor_id.to_owned(),
            name: name.to_owned(),
            due_time: due.to_rfc3339_opts(SecondsFormat::Millis, true),
            overwrite: Some(true),
            failure_policy: Some(JobFailurePolicy { policy: Some(Policy::Constant(endless)) }),
            ..Default::default()
        };
        within(TIMEOUT, self.client.clone().register_actor_reminder(request)).await?;
        Ok(())
    }

    async fn clear_reminder(&self, actor_type: &str, actor_id: &str, name: &str) -> Result<(), SidecarError> {
        let request = proto::UnregisterActorReminderRequest {
            actor_type: actor_type.to_owned(),
            actor_id: actor_id.to_owned(),
            name: name.to_owned(),
        };
        within(TIMEOUT, self.client.clone().unregister_actor_reminder(request)).await?;
        Ok(())
    }

    async fn publish(&self, topic: &str, mut events: Vec<Publication>) -> Result<Vec<bool>, SidecarError> {
        match (events.len(), events.pop()) {
            (1, Some(only)) => self.publish_one(topic, only).await,
            (_, None) => Ok(Vec::new()),
            (_, Some(last)) => {
                events.push(last);
                self.publish_bulk(topic, events).await
            }
        }
    }
}

/// The name under which Kafka's component looks for the key; others ignore it.
fn partition_key(key: String) -> HashMap<String, String> {
    HashMap::from([("partitionKey".to_owned(), key)])
}

/// A sidecar that started while its broker was down does not know the component yet: it will.
fn without_broker(error: SidecarError) -> SidecarError {
    match error {
        SidecarError::Rejected(text) if text.contains("not found") => SidecarError::Unavailable(text),
        other => other,
    }
}

async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<tonic::Response<T>, Status>>,
) -> Result<T, SidecarError> {
    match tokio::time::timeout(limit, call).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) => Err(classify(&status)),
        Err(_) => Err(SidecarError::Unavailable(format!("no answer within {} ms", limit.as_millis()))),
    }
}

/// What cannot become right by waiting is refused; everything else may be tried again.
fn classify(status: &Status) -> SidecarError {
    let text = format!("{:?}: {}", status.code(), status.message());
    match status.code() {
        Code::InvalidArgument | Code::Unimplemented | Code::PermissionDenied | Code::Unauthenticated => {
            SidecarError::Rejected(text)
        }
        _ => SidecarError::Unavailable(text),
    }
}
