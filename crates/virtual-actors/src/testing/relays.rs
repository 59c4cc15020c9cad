//! Relays in the test runtime. What they do is the real relay's; when they do it is the test's.

use std::{sync::Arc, time::Duration};

use futures::channel::oneshot;
use uuid::Uuid;

use super::world::World;
use crate::{
    relay::{Share, Tells, Topics},
    store::Pending,
};

impl World {
    /// One round of a host's relay: claim, publish, send what other hosts have left. It dies with its host.
    pub async fn relay_once(&self, host: usize) {
        let (done, over) = oneshot::channel::<()>();
        let (share, sidecar) = (self.share(host), Arc::clone(&self.0.sidecar));
        self.spawn_on(host, async move {
            share.claim().await;
            let mut topics = Topics::new(sidecar.clone());
            while share.publish_batch(&mut topics).await {}
            let mut tells = Tells::new(sidecar);
            share.send_left(&mut tells).await;
            hand_over(&share, tells).await;
            drop(done);
        });
        // Either way: it is over, or its host is.
        let _ = over.await;
    }

    /// Faults stop, and all relays work until the outbox is empty, for as long as `patience`. Whether it is.
    pub async fn settle(&self, patience: Duration) -> bool {
        self.calm();
        self.relay_for(patience).await
    }

    /// All relays work until the outbox is empty, for as long as `patience`. Whether it is.
    pub async fn relay_for(&self, patience: Duration) -> bool {
        let end = self.now() + patience;
        loop {
            for host in 0..self.hosts() {
                self.relay_once(host).await;
            }
            if self.store().outbox().is_empty() {
                return true;
            }
            if self.now() >= end {
                return false;
            }
            // Time passes when nothing else is under way.
            self.sleep(Duration::from_millis(250)).await;
        }
    }

    /// What this host has just committed, as its relay sends it at once.
    pub(super) async fn send_own(&self, host: usize, own: Vec<Pending>) {
        let mut tells = Tells::new(self.0.sidecar.clone());
        for pending in own {
            tells.send(pending);
        }
        hand_over(&self.share(host), tells).await;
    }

    /// Each life of a host is a relay of its own.
    fn share(&self, host: usize) -> Share {
        let relay = Uuid::from_u64_pair(host as u64 + 1, self.0.hosts[host].lives.get());
        Share::new(relay, Arc::clone(&self.0.outbox))
    }
}

async fn hand_over(share: &Share, mut tells: Tells) {
    while !tells.is_empty() {
        let handed = tells.handed().await;
        share.settle(handed).await;
    }
}
