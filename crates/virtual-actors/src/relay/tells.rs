//! Messages on their way to other actors.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::{StreamExt, stream};

use super::{Handed, Way, count};
use crate::{
    call::{Call, CommandId, Outcome},
    sidecar::Sidecar,
    store::{Destination, Entry, Lane, Pending},
};

const AT_ONCE: usize = 16;
const TIMEOUT: Duration = Duration::from_secs(5);

/// Delivers messages; the entry's id is the command id, so a second delivery changes nothing.
pub(super) struct Tells {
    sidecar: Arc<dyn Sidecar>,
}

impl Tells {
    pub(super) fn new(sidecar: Arc<dyn Sidecar>) -> Self {
        Self { sidecar }
    }

    /// Whether the actor answered: any answer it decided ends the delivery.
    async fn send(&self, entry: &Entry) -> bool {
        let Destination::Actor { actor_type, actor_id, method } = &entry.destination else { return false };
        let call = Call {
            command_id: Some(CommandId(entry.event_id)),
            timeout_ms: Some(TIMEOUT.as_millis() as u64),
            traceparent: None,
            message: entry.body.clone(),
        };
        let Ok(body) = serde_json::to_vec(&call) else { return false };
        let problem = match self.sidecar.invoke_actor(actor_type, actor_id, method, body, TIMEOUT).await {
            Err(error) => error.to_string(),
            Ok(answer) => match serde_json::from_slice::<Outcome>(&answer) {
                Ok(outcome) if outcome.is_answer() => return true,
                Ok(outcome) => format!("{outcome:?}"),
                Err(error) => format!("not an actor host's answer: {error}"),
            },
        };
        tracing::warn!(actor_type, actor_id, method, problem, "a message waits for its actor");
        false
    }
}

#[async_trait]
impl Way for Tells {
    fn lane(&self) -> Lane {
        Lane::Actors
    }

    /// Delivers a batch; equal messages (pokes of one actor) are sent once.
    async fn hand_over(&mut self, batch: Vec<Pending>) -> Handed {
        let mut distinct: Vec<(Entry, Vec<i64>)> = Vec::new();
        for Pending { seq, entry } in batch {
            let same = distinct
                .iter_mut()
                .find(|(other, _)| other.destination == entry.destination && other.body == entry.body);
            match same {
                Some((_, seqs)) => seqs.push(seq),
                None => distinct.push((entry, vec![seq])),
            }
        }
        let tells = &*self;
        let handed = stream::iter(distinct)
            .map(|(entry, seqs)| async move { (tells.send(&entry).await, seqs) })
            .buffer_unordered(AT_ONCE)
            .fold(Handed::default(), |mut handed, (delivered, seqs)| async move {
                if delivered { &mut handed.accepted } else { &mut handed.deferred }.extend(seqs);
                handed
            })
            .await;
        count("actor", &handed);
        handed
    }
}
