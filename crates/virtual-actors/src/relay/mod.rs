//! The outbox relay: hands committed events and messages over, at least once.
//!
//! Every replica runs one. Each claims a share of the outbox's partitions for some seconds at a
//! time, so the entries of one actor have one relay, which takes them in the order of the actor's
//! versions. An entry is removed once it was accepted; a crash in between hands it over again
//! under the same id. Events ([`topics`]) and messages to actors ([`tells`]) go their ways side by
//! side: a broker that is down holds no message back, nor the other way round.

mod tells;
mod topics;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    metrics,
    sidecar::Sidecar,
    store::{Lane, Outbox, Pending, StoreError},
};
use tells::Tells;
use topics::Topics;

/// How often a relay looks when nobody wakes it: for entries other replicas wrote into its share.
const POLL: Duration = Duration::from_millis(150);
/// A third of a claim's time.
const RENEW: Duration = Duration::from_secs(3);
/// How often the backlog is measured.
const MEASURE: Duration = Duration::from_secs(5);
/// Entries taken at once.
const BATCH: usize = 256;

/// Wakes the relay of this process. The default one wakes nobody.
#[derive(Debug, Clone)]
pub struct RelayHandle(watch::Sender<()>);

impl Default for RelayHandle {
    fn default() -> Self {
        Self(watch::Sender::new(()))
    }
}

impl RelayHandle {
    /// There is something to hand over.
    pub fn wake(&self) {
        self.0.send_replace(());
    }
}

/// Relays this process's share of the outbox.
pub struct Relay {
    id: Uuid,
    outbox: Arc<dyn Outbox>,
    sidecar: Arc<dyn Sidecar>,
    handle: RelayHandle,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What became of a batch: the positions of what was accepted, and of what must wait.
#[derive(Debug, Default)]
struct Handed {
    accepted: Vec<i64>,
    deferred: Vec<i64>,
}

/// One of the two ways out of the outbox.
#[async_trait]
trait Way: Send {
    fn lane(&self) -> Lane;

    /// Topics to leave alone now.
    fn blocked(&self) -> Vec<String> {
        Vec::new()
    }

    async fn hand_over(&mut self, batch: Vec<Pending>) -> Handed;
}

impl Relay {
    /// A relay named `id`: a fresh one for each process.
    pub fn new(outbox: Arc<dyn Outbox>, sidecar: Arc<dyn Sidecar>, id: Uuid) -> Self {
        Self { id, outbox, sidecar, handle: RelayHandle::default() }
    }

    /// What wakes it.
    pub fn handle(&self) -> RelayHandle {
        self.handle.clone()
    }

    /// Relays until `stop` is ready, then hands over what is left and gives its share back.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) {
        let (stopping, stopped) = watch::channel(false);
        let stop = async {
            stop.await;
            stopping.send_replace(true);
        };
        // The first claim comes first: a way that looks before it would find nothing.
        self.claim().await;
        tokio::join!(
            stop,
            self.keep_claims(stopped.clone()),
            self.measure(stopped.clone()),
            self.hand_over(Topics::new(Arc::clone(&self.sidecar)), stopped.clone()),
            self.hand_over(Tells::new(Arc::clone(&self.sidecar)), stopped.clone()),
        );
        if let Err(error) = self.outbox.release(self.id).await {
            tracing::warn!(%error, "the relay's share could not be given back; its claim runs out");
        }
    }

    /// Hands over one batch after the other; a last one when it is time to stop.
    async fn hand_over(&self, mut way: impl Way, mut stopped: watch::Receiver<bool>) {
        let mut woken = self.handle.0.subscribe();
        loop {
            let stopping = *stopped.borrow_and_update();
            match self.pass(&mut way).await {
                // A full batch: there is more.
                Ok(BATCH..) => continue,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "the relay cannot work on the outbox"),
            }
            if stopping {
                return;
            }
            tokio::select! {
                _ = stopped.changed() => {}
                _ = woken.changed() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Hands over one batch; how many entries left the outbox.
    async fn pass(&self, way: &mut impl Way) -> Result<usize, StoreError> {
        let batch = self.outbox.ready(self.id, way.lane(), &way.blocked(), BATCH).await?;
        let handed = way.hand_over(batch).await;
        if !handed.accepted.is_empty() {
            self.outbox.accepted(&handed.accepted).await?;
        }
        if !handed.deferred.is_empty() {
            self.outbox.deferred(&handed.deferred).await?;
        }
        Ok(handed.accepted.len())
    }

    async fn claim(&self) {
        match self.outbox.claim(self.id).await {
            Ok(held) => metrics::OUTBOX_SHARES.set(i64::try_from(held).unwrap_or(0)),
            Err(error) => tracing::warn!(%error, "the relay cannot claim its share"),
        }
    }

    async fn keep_claims(&self, mut stopped: watch::Receiver<bool>) {
        while !stops_within(RENEW, &mut stopped).await {
            self.claim().await;
        }
    }

    async fn measure(&self, mut stopped: watch::Receiver<bool>) {
        while !stops_within(MEASURE, &mut stopped).await {
            match self.outbox.backlog().await {
                Ok(backlog) => {
                    metrics::OUTBOX_BACKLOG.set(backlog.entries);
                    metrics::OUTBOX_AGE.set(backlog.oldest_seconds);
                }
                Err(error) => tracing::debug!(%error, "the outbox cannot be measured"),
            }
        }
    }
}

/// Waits for this time, or until it is time to stop, and says which.
async fn stops_within(time: Duration, stopped: &mut watch::Receiver<bool>) -> bool {
    // An error means that the relay itself is gone, which is a reason to stop too.
    tokio::time::timeout(time, async { drop(stopped.wait_for(|stopping| *stopping).await) }).await.is_ok()
}

fn count(destination: &str, handed: &Handed) {
    let relayed = |result: &str, n: usize| {
        metrics::RELAYED.with_label_values(&[destination, result]).inc_by(n as u64);
    };
    relayed("accepted", handed.accepted.len());
    relayed("deferred", handed.deferred.len());
}
