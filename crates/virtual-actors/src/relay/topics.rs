//! Events on their way to the broker.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::future::join_all;

use super::{Handed, count};
use crate::{
    sidecar::{Publication, Sidecar, SidecarError},
    store::{Destination, Pending},
};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// Publishes, and remembers whether the broker can be reached.
pub(crate) struct Topics {
    sidecar: Arc<dyn Sidecar>,
    outage: Option<Duration>,
}

/// What the broker said of one topic's events.
enum Answer {
    Handed(Handed),
    Unreachable(Vec<i64>),
}

impl Topics {
    pub(crate) fn new(sidecar: Arc<dyn Sidecar>) -> Self {
        Self { sidecar, outage: None }
    }

    /// How long to leave the broker alone, while it cannot be reached.
    pub(crate) fn outage(&self) -> Option<Duration> {
        self.outage
    }

    /// Publishes a batch, each topic's events in their order, in one call.
    pub(crate) async fn publish(&mut self, batch: Vec<Pending>) -> Handed {
        let mut topics = BTreeMap::<String, Vec<(i64, Publication)>>::new();
        for Pending { seq, entry } in batch {
            if let Destination::Topic { topic, key } = entry.destination {
                topics.entry(topic).or_default().push((seq, Publication { event: entry.body, key }));
            }
        }
        let sidecar = &self.sidecar;
        let answers = join_all(
            topics
                .into_iter()
                .map(|(topic, events)| async move { publish_topic(sidecar.as_ref(), &topic, events).await }),
        )
        .await;

        let (mut handed, mut unreachable, mut reached) = (Handed::default(), Vec::new(), false);
        for answer in answers {
            match answer {
                Answer::Handed(group) => {
                    reached = true;
                    handed.accepted.extend(group.accepted);
                    handed.deferred.extend(group.deferred);
                }
                Answer::Unreachable(seqs) => unreachable.extend(seqs),
            }
        }
        if reached || unreachable.is_empty() {
            // One topic's trouble must not stand in the way of the others.
            self.outage = None;
            handed.deferred.extend(unreachable);
        } else {
            self.outage = Some(self.outage.map_or(FIRST_PAUSE, |pause| (pause * 2).min(LONGEST_PAUSE)));
        }
        count("topic", &handed);
        handed
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
            Answer::Unreachable(seqs)
        }
        Err(SidecarError::Rejected(error)) => {
            tracing::error!(topic, entries = seqs.len(), error, "events wait: Dapr refuses to publish them");
            Answer::Handed(Handed { accepted: Vec::new(), deferred: seqs })
        }
    }
}
