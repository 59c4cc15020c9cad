//! Events on their way to the broker.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures::future::join_all;

use super::{Handed, Way, count};
use crate::{
    sidecar::{Publication, Sidecar, SidecarError},
    store::{Destination, Lane, Pending},
};

const FIRST_BLOCK: Duration = Duration::from_millis(500);
const LONGEST_BLOCK: Duration = Duration::from_secs(8);

/// Publishes, and remembers which topics cannot be reached.
pub(super) struct Topics {
    sidecar: Arc<dyn Sidecar>,
    blocks: HashMap<String, Block>,
}

/// A topic that is left alone until its broker had time to come back. Its entries wait untouched.
struct Block {
    until: Instant,
    pause: Duration,
}

/// What the broker said of one topic's events.
enum Answer {
    Handed(Handed),
    Unreachable,
}

impl Topics {
    pub(super) fn new(sidecar: Arc<dyn Sidecar>) -> Self {
        Self { sidecar, blocks: HashMap::new() }
    }

    fn block(&mut self, topic: String) {
        let pause = self.blocks.get(&topic).map_or(FIRST_BLOCK, |block| (block.pause * 2).min(LONGEST_BLOCK));
        self.blocks.insert(topic, Block { until: Instant::now() + pause, pause });
    }
}

#[async_trait]
impl Way for Topics {
    fn lane(&self) -> Lane {
        Lane::Topics
    }

    fn blocked(&self) -> Vec<String> {
        let now = Instant::now();
        self.blocks.iter().filter(|(_, block)| block.until > now).map(|(topic, _)| topic.clone()).collect()
    }

    /// Publishes a batch, each topic's events in their order, in one call.
    async fn hand_over(&mut self, batch: Vec<Pending>) -> Handed {
        let mut topics = HashMap::<String, Vec<(i64, Publication)>>::new();
        for Pending { seq, entry } in batch {
            if let Destination::Topic { topic, key } = entry.destination {
                topics.entry(topic).or_default().push((seq, Publication { event: entry.body, key }));
            }
        }
        let sidecar = &self.sidecar;
        let answers = topics.into_iter().map(|(topic, events)| async move {
            let answer = publish_topic(sidecar.as_ref(), &topic, events).await;
            (topic, answer)
        });
        let mut all = Handed::default();
        for (topic, answer) in join_all(answers).await {
            match answer {
                Answer::Handed(handed) => {
                    self.blocks.remove(&topic);
                    all.accepted.extend(handed.accepted);
                    all.deferred.extend(handed.deferred);
                }
                Answer::Unreachable => self.block(topic),
            }
        }
        count("topic", &all);
        all
    }
}

async fn publish_topic(sidecar: &dyn Sidecar, topic: &str, events: Vec<(i64, Publication)>) -> Answer {
    let (seqs, events): (Vec<i64>, Vec<Publication>) = events.into_iter().unzip();
    match sidecar.publish(topic, events).await {
        Ok(answers) => {
            let mut handed = Handed::default();
            for (seq, accepted) in seqs.into_iter().zip(answers) {
                if accepted { &mut handed.accepted } else { &mut handed.deferred }.push(seq);
            }
            Answer::Handed(handed)
        }
        Err(SidecarError::Unavailable(error)) => {
            tracing::warn!(topic, entries = seqs.len(), error, "events wait: the broker cannot be reached");
            Answer::Unreachable
        }
        Err(SidecarError::Rejected(error)) => {
            tracing::error!(topic, entries = seqs.len(), error, "events wait: Dapr refuses to publish them");
            Answer::Handed(Handed { accepted: Vec::new(), deferred: seqs })
        }
    }
}
