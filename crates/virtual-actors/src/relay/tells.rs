//! Messages on their way to other actors.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};

use super::{Handed, count};
use crate::{
    call::{Call, CommandId, Keep, Outcome},
    sidecar::Sidecar,
    store::{Destination, Entry, Pending},
};

/// Messages on their way at once; one that stalls holds no other back.
const AT_ONCE: usize = 128;
const TIMEOUT: Duration = Duration::from_secs(5);

/// Sends messages. The entry's id is the command id, so a second delivery is not decided again.
pub(crate) struct Tells {
    sidecar: Arc<dyn Sidecar>,
    sends: FuturesUnordered<BoxFuture<'static, (i64, bool)>>,
    flying: HashSet<i64>,
}

impl Tells {
    pub(crate) fn new(sidecar: Arc<dyn Sidecar>) -> Self {
        Self { sidecar, sends: FuturesUnordered::new(), flying: HashSet::new() }
    }

    /// How many more may be sent now.
    pub(crate) fn room(&self) -> usize {
        AT_ONCE.saturating_sub(self.flying.len())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sends.is_empty()
    }

    /// The positions of those on their way.
    pub(crate) fn flying(&self) -> Vec<i64> {
        self.flying.iter().copied().collect()
    }

    pub(crate) fn send(&mut self, Pending { seq, entry }: Pending) {
        if self.flying.insert(seq) {
            let sidecar = Arc::clone(&self.sidecar);
            self.sends.push(async move { (seq, deliver(sidecar.as_ref(), &entry).await) }.boxed());
        }
    }

    /// Waits for the next answer, and takes along what else was answered by then.
    pub(crate) async fn handed(&mut self) -> Handed {
        let mut handed = Handed::default();
        let mut next = self.sends.next().await;
        while let Some((seq, delivered)) = next {
            self.flying.remove(&seq);
            if delivered { &mut handed.accepted } else { &mut handed.deferred }.push(seq);
            next = self.sends.next().now_or_never().flatten();
        }
        count("actor", &handed);
        handed
    }
}

/// Whether the actor answered: any answer it decided ends the delivery.
async fn deliver(sidecar: &dyn Sidecar, entry: &Entry) -> bool {
    let Destination::Actor { actor_type, actor_id, method } = &entry.destination else { return false };
    let call = Call {
        command_id: Some(CommandId(entry.event_id)),
        keep: Keep::Long,
        asked: None,
        timeout_ms: Some(TIMEOUT.as_millis() as u64),
        traceparent: None,
        message: entry.body.clone(),
    };
    let Ok(body) = serde_json::to_vec(&call) else { return false };
    let problem = match sidecar.invoke_actor(actor_type, actor_id, method, body, TIMEOUT).await {
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
