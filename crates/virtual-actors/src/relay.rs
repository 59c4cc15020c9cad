//! The outbox relay: hands committed events and messages over, at least once.
//!
//! Every replica runs one. Each claims a share of the outbox's partitions for some seconds at a
//! time, so the entries of one actor have one relay, which takes them in the order of the actor's
//! versions. An entry is removed once it was accepted; a crash in between hands it over again
//! under the same id. A topic whose broker is down is left alone for a while: its entries wait,
//! and neither turns nor other topics notice.

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt, future::join_all, stream};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    call::{Call, CommandId, Outcome},
    metrics,
    sidecar::{Publication, Sidecar, SidecarError},
    store::{Destination, Outbox, Pending, StoreError},
};

/// How often a relay looks when nobody wakes it: for entries other replicas wrote into its share.
const POLL: Duration = Duration::from_millis(150);
/// A third of a claim's time.
const RENEW: Duration = Duration::from_secs(3);
/// How often the backlog is measured.
const MEASURE: Duration = Duration::from_secs(5);
const BATCH: i64 = 256;
const TELLS_AT_ONCE: usize = 16;
const TELL_TIMEOUT: Duration = Duration::from_secs(5);
const FIRST_BLOCK: Duration = Duration::from_millis(500);
const LONGEST_BLOCK: Duration = Duration::from_secs(8);

/// Wakes the relay of this process. The default one wakes nobody.
#[derive(Debug, Clone, Default)]
pub struct RelayHandle(Arc<Notify>);

impl RelayHandle {
    /// There is something to hand over.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// Relays this process's share of the outbox.
pub struct Relay {
    id: Uuid,
    outbox: Arc<dyn Outbox>,
    sidecar: Arc<dyn Sidecar>,
    handle: RelayHandle,
    blocked: HashMap<String, Block>,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A topic that is left alone until its broker had time to come back.
struct Block {
    until: Instant,
    pause: Duration,
}

/// What became of a batch.
#[derive(Default)]
struct Results {
    accepted: Vec<i64>,
    deferred: Vec<i64>,
    /// Topics that could not be reached at all.
    unreachable: Vec<String>,
}

impl Relay {
    /// A relay named `id`: a fresh one for each process.
    pub fn new(outbox: Arc<dyn Outbox>, sidecar: Arc<dyn Sidecar>, id: Uuid) -> Self {
        Self { id, outbox, sidecar, handle: RelayHandle::default(), blocked: HashMap::new() }
    }

    /// What wakes it.
    pub fn handle(&self) -> RelayHandle {
        self.handle.clone()
    }

    /// Relays until `stop` is ready, then hands over what is left and gives its share back.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut claimed: Option<Instant> = None;
        let mut measured: Option<Instant> = None;
        loop {
            if claimed.is_none_or(|at| at.elapsed() >= RENEW) {
                match self.outbox.claim(self.id).await {
                    Ok(held) => metrics::OUTBOX_SHARES.set(i64::try_from(held).unwrap_or(0)),
                    Err(error) => tracing::warn!(%error, "the relay cannot claim its share"),
                }
                claimed = Some(Instant::now());
            }
            if measured.is_none_or(|at| at.elapsed() >= MEASURE) {
                self.measure().await;
                measured = Some(Instant::now());
            }
            match self.pass().await {
                // A full batch: there is more.
                Ok(handed) if handed >= BATCH as usize => continue,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "the relay cannot read the outbox"),
            }
            tokio::select! {
                () = &mut stop => break,
                () = self.handle.0.notified() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
        if let Err(error) = self.pass().await {
            tracing::warn!(%error, "the outbox could not be flushed; another relay takes over");
        }
        if let Err(error) = self.outbox.release(self.id).await {
            tracing::warn!(%error, "the relay's share could not be given back; its claim runs out");
        }
    }

    /// Hands over one batch; the number that left the outbox.
    ///
    /// # Errors
    /// When the outbox cannot be read or written.
    pub async fn pass(&mut self) -> Result<usize, StoreError> {
        let now = Instant::now();
        let blocked: Vec<String> =
            self.blocked.iter().filter(|(_, block)| block.until > now).map(|(topic, _)| topic.clone()).collect();
        let batch = self.outbox.ready(self.id, &blocked, BATCH).await?;
        if batch.is_empty() {
            return Ok(0);
        }
        let (mut topics, mut tells) = (Vec::<(String, Vec<Pending>)>::new(), Vec::new());
        for pending in batch {
            match &pending.entry.destination {
                Destination::Actor { .. } => tells.push(pending),
                Destination::Topic { topic, .. } => match topics.iter_mut().find(|(name, _)| name == topic) {
                    Some((_, group)) => group.push(pending),
                    None => topics.push((topic.clone(), vec![pending])),
                },
            }
        }
        let published = join_all(topics.into_iter().map(|(topic, group)| self.publish(topic, group)));
        let (published, told) = tokio::join!(published, self.tell(tells));

        let mut results = told;
        for group in published {
            results.accepted.extend(group.accepted);
            results.deferred.extend(group.deferred);
            results.unreachable.extend(group.unreachable);
        }
        if !results.accepted.is_empty() {
            self.outbox.accepted(&results.accepted).await?;
        }
        if !results.deferred.is_empty() {
            self.outbox.deferred(&results.deferred).await?;
        }
        self.block(results.unreachable);
        Ok(results.accepted.len())
    }

    async fn publish(&self, topic: String, group: Vec<Pending>) -> Results {
        let events = group
            .iter()
            .map(|pending| {
                let key = match &pending.entry.destination {
                    Destination::Topic { key, .. } => key.clone(),
                    Destination::Actor { .. } => String::new(),
                };
                Publication { event: pending.entry.body.clone(), key }
            })
            .collect();
        let mut results = Results::default();
        match self.sidecar.publish(&topic, events).await {
            Ok(accepted) => {
                for (pending, accepted) in group.iter().zip(accepted) {
                    if accepted { &mut results.accepted } else { &mut results.deferred }.push(pending.seq);
                }
                count("topic", &results);
            }
            Err(SidecarError::Unavailable(error)) => {
                tracing::warn!(topic, entries = group.len(), error, "events wait: the broker cannot be reached");
                results.unreachable.push(topic);
            }
            Err(SidecarError::Rejected(error)) => {
                tracing::error!(topic, entries = group.len(), error, "events wait: Dapr refuses to publish them");
                results.deferred.extend(group.iter().map(|pending| pending.seq));
                count("topic", &results);
            }
        }
        results
    }

    /// Delivers messages to actors; equal ones (pokes of one actor) are sent once.
    async fn tell(&self, tells: Vec<Pending>) -> Results {
        let mut distinct: Vec<(Pending, Vec<i64>)> = Vec::new();
        for pending in tells {
            let same = distinct.iter_mut().find(|(other, _)| {
                other.entry.destination == pending.entry.destination && other.entry.body == pending.entry.body
            });
            match same {
                Some((_, seqs)) => seqs.push(pending.seq),
                None => {
                    let seq = pending.seq;
                    distinct.push((pending, vec![seq]));
                }
            }
        }
        let results = stream::iter(distinct)
            .map(|(pending, seqs)| async move { (self.deliver(&pending).await, seqs) })
            .buffer_unordered(TELLS_AT_ONCE)
            .fold(Results::default(), |mut results, (delivered, seqs)| async move {
                if delivered { &mut results.accepted } else { &mut results.deferred }.extend(seqs);
                results
            })
            .await;
        count("actor", &results);
        results
    }

    /// Whether the actor answered; any answer it decided ends the delivery.
    async fn deliver(&self, pending: &Pending) -> bool {
        let Destination::Actor { actor_type, actor_id, method } = &pending.entry.destination else {
            return false;
        };
        let call = Call {
            command_id: Some(CommandId(pending.entry.event_id)),
            timeout_ms: Some(TELL_TIMEOUT.as_millis() as u64),
            traceparent: None,
            message: pending.entry.body.clone(),
        };
        let Ok(body) = serde_json::to_vec(&call) else { return false };
        match self.sidecar.invoke_actor(actor_type, actor_id, method, body, TELL_TIMEOUT).await {
            Ok(answer) => match serde_json::from_slice::<Outcome>(&answer) {
                Ok(outcome) if outcome.is_answer() => true,
                Ok(outcome) => {
                    tracing::warn!(actor_type, actor_id, method, ?outcome, "a message waits for its actor");
                    false
                }
                Err(error) => {
                    tracing::error!(actor_type, actor_id, method, %error, "not an actor host's answer");
                    false
                }
            },
            Err(error) => {
                tracing::warn!(actor_type, actor_id, method, %error, "a message waits for its actor");
                false
            }
        }
    }

    fn block(&mut self, unreachable: Vec<String>) {
        let now = Instant::now();
        self.blocked.retain(|topic, block| block.until + block.pause > now || unreachable.contains(topic));
        for topic in unreachable {
            let pause = self.blocked.get(&topic).map_or(FIRST_BLOCK, |block| (block.pause * 2).min(LONGEST_BLOCK));
            self.blocked.insert(topic, Block { until: now + pause, pause });
        }
    }

    async fn measure(&self) {
        match self.outbox.backlog().await {
            Ok(backlog) => {
                metrics::OUTBOX_BACKLOG.set(backlog.entries);
                metrics::OUTBOX_AGE.set(backlog.oldest_seconds);
            }
            Err(error) => tracing::debug!(%error, "the outbox cannot be measured"),
        }
    }
}

fn count(destination: &str, results: &Results) {
    let relayed = |result: &str, n: usize| {
        metrics::RELAYED.with_label_values(&[destination, result]).inc_by(n as u64);
    };
    relayed("accepted", results.accepted.len());
    relayed("deferred", results.deferred.len());
}
