//! The outbox relay: hands committed events and messages over, at least once.
//!
//! Every replica runs one. Each claims a share of the outbox's partitions for some seconds at a
//! time, so the entries of one actor have one relay, which takes them in the order of the actor's
//! versions. An entry is removed once it was accepted; a crash in between hands it over again
//! under the same id. Events ([`topics`]) and messages to actors ([`tells`]) go their ways side by
//! side: a broker that is down holds no message back, nor the other way round.
//!
//! A message to an actor does not wait for its partition's relay: the host that committed it sends
//! it at once. The outbox is for the case that this host dies first; then any other finds it a second later.

mod tells;
mod topics;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use uuid::Uuid;

use crate::{
    metrics,
    sidecar::Sidecar,
    store::{Lane, Outbox, Pending, StoreError},
};
pub(crate) use tells::Tells;
pub(crate) use topics::Topics;

/// How often a relay looks when nobody wakes it: for entries other replicas wrote into its share.
const POLL: Duration = Duration::from_millis(150);
/// A third of a claim's time.
const RENEW: Duration = Duration::from_secs(2);
/// How often the backlog is measured.
const MEASURE: Duration = Duration::from_secs(10);
/// Events taken at once.
const BATCH: usize = 256;
/// Own messages that may wait for the relay of this process; more are found in the outbox.
const OWN: usize = 1024;

/// Tells the relay of this process what was committed. The default one tells nobody.
#[derive(Debug, Clone)]
pub struct RelayHandle {
    woken: watch::Sender<()>,
    own: mpsc::Sender<Pending>,
}

impl Default for RelayHandle {
    fn default() -> Self {
        Self { woken: watch::Sender::new(()), own: mpsc::channel(1).0 }
    }
}

impl RelayHandle {
    /// There is something to hand over.
    pub fn wake(&self) {
        self.woken.send_replace(());
    }

    /// Sends messages that this process has committed.
    pub(crate) fn send(&self, own: Vec<Pending>) {
        for pending in own {
            // Full, or no relay here: it is in the outbox, where a relay finds it.
            let _ = self.own.try_send(pending);
        }
    }
}

/// Relays this process's share of the outbox.
pub struct Relay {
    id: Uuid,
    outbox: Arc<dyn Outbox>,
    sidecar: Arc<dyn Sidecar>,
    handle: RelayHandle,
    own: mpsc::Receiver<Pending>,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What became of entries: the positions of what was accepted, and of what must wait.
#[derive(Debug, Default)]
pub(crate) struct Handed {
    accepted: Vec<i64>,
    deferred: Vec<i64>,
}

impl Relay {
    /// A relay named `id`: a fresh one for each process.
    pub fn new(outbox: Arc<dyn Outbox>, sidecar: Arc<dyn Sidecar>, id: Uuid) -> Self {
        let (sender, own) = mpsc::channel(OWN);
        let handle = RelayHandle { woken: watch::Sender::new(()), own: sender };
        Self { id, outbox, sidecar, handle, own }
    }

    /// What wakes it.
    pub fn handle(&self) -> RelayHandle {
        self.handle.clone()
    }

    /// Relays until `stop` is ready, then hands over what is left and gives its share back.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) {
        let Self { id, outbox, sidecar, handle, own } = self;
        let (stopping, stopped) = watch::channel(false);
        let stop = async {
            stop.await;
            stopping.send_replace(true);
        };
        let share = Share::new(id, outbox);
        // The first claim comes first: a lane that looks before it would find nothing.
        share.claim().await;
        tokio::join!(
            stop,
            share.keep(stopped.clone()),
            share.measure(stopped.clone()),
            share.publish(Topics::new(Arc::clone(&sidecar)), handle.woken.subscribe(), stopped.clone()),
            share.tell(Tells::new(sidecar), own, stopped.clone()),
        );
        if let Err(error) = share.outbox.release(id).await {
            tracing::warn!(%error, "the relay's share could not be given back; its claim runs out");
        }
    }
}

/// A relay's share of the outbox, and what is done with it. When it is done is the loops' affair;
/// what is done in one go (the functions the test runtime drives, too) knows no time.
pub(crate) struct Share {
    id: Uuid,
    outbox: Arc<dyn Outbox>,
}

impl Share {
    pub(crate) fn new(id: Uuid, outbox: Arc<dyn Outbox>) -> Self {
        Self { id, outbox }
    }

    /// Publishes the events that are ready, up to a batch, and says whether there may be more.
    pub(crate) async fn publish_batch(&self, topics: &mut Topics) -> bool {
        match self.outbox.ready(self.id, Lane::Topics, &[], BATCH).await {
            Ok(batch) => {
                let full = batch.len() == BATCH;
                self.settle(topics.publish(batch).await).await;
                full
            }
            Err(error) => {
                tracing::warn!(%error, "the relay cannot read the outbox");
                false
            }
        }
    }

    /// Sends the messages that other hosts have left, as far as there is room.
    pub(crate) async fn send_left(&self, tells: &mut Tells) {
        match self.outbox.ready(self.id, Lane::Actors, &tells.known(), tells.room_to_wait()).await {
            Ok(batch) => batch.into_iter().for_each(|pending| tells.send(pending)),
            Err(error) => tracing::warn!(%error, "the relay cannot read the outbox"),
        }
    }

    /// Publishes one batch of events after the other; a last one when it is time to stop.
    async fn publish(
        &self,
        mut topics: Topics,
        mut woken: watch::Receiver<()>,
        mut stopped: watch::Receiver<bool>,
    ) {
        loop {
            let stopping = *stopped.borrow_and_update();
            let full = self.publish_batch(&mut topics).await;
            match topics.outage() {
                _ if stopping => return,
                None if full => {}
                None => tokio::select! {
                    _ = stopped.changed() => {}
                    _ = woken.changed() => {}
                    () = sleep(POLL) => {}
                },
                // The broker is left alone for a while, and the waiting events untouched.
                Some(pause) => tokio::select! {
                    _ = stopped.changed() => {}
                    () = sleep(pause) => {}
                },
            }
        }
    }

    /// Sends messages to actors: this process's own as they come, and those of dead hosts.
    async fn tell(
        &self,
        mut tells: Tells,
        mut own: mpsc::Receiver<Pending>,
        mut stopped: watch::Receiver<bool>,
    ) {
        let mut looks = interval(POLL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !*stopped.borrow() {
            tokio::select! {
                _ = stopped.changed() => {}
                handed = tells.handed(), if !tells.is_empty() => self.settle(handed).await,
                Some(pending) = own.recv(), if tells.room() > 0 => tells.send(pending),
                _ = looks.tick(), if tells.room_to_wait() > 0 => self.send_left(&mut tells).await,
            }
        }
        while let Ok(pending) = own.try_recv() {
            tells.send(pending);
        }
        tells.leave_waiting();
        while !tells.is_empty() {
            let handed = tells.handed().await;
            self.settle(handed).await;
        }
    }

    pub(crate) async fn settle(&self, handed: Handed) {
        let settled: Result<(), StoreError> = async {
            if !handed.accepted.is_empty() {
                self.outbox.accepted(&handed.accepted).await?;
            }
            if !handed.deferred.is_empty() {
                self.outbox.deferred(&handed.deferred).await?;
            }
            Ok(())
        }
        .await;
        if let Err(error) = settled {
            tracing::warn!(%error, "what was handed over is handed over again");
        }
    }

    pub(crate) async fn claim(&self) {
        match self.outbox.claim(self.id).await {
            Ok(held) => metrics::OUTBOX_SHARES.set(i64::try_from(held).unwrap_or(0)),
            Err(error) => tracing::warn!(%error, "the relay cannot claim its share"),
        }
    }

    async fn keep(&self, mut stopped: watch::Receiver<bool>) {
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
    timeout(time, async { drop(stopped.wait_for(|stopping| *stopping).await) }).await.is_ok()
}

fn count(destination: &str, handed: &Handed) {
    let relayed = |result: &str, n: usize| {
        metrics::RELAYED.with_label_values(&[destination, result]).inc_by(n as u64);
    };
    relayed("accepted", handed.accepted.len());
    relayed("deferred", handed.deferred.len());
}
