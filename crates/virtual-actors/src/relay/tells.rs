//! Messages on their way to other actors.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};

use super::{Handed, count};
use crate::{
    call::{Call, CommandId, Keep, Outcome},
    sidecar::Sidecar,
    store::{Destination, Entry, Pending},
};

/// Messages on their way at once.
const AT_ONCE: usize = 128;
/// Of these to one actor, which takes them one by one: more would hold others back, and time out while they wait there.
const TO_ONE: usize = 8;
/// Messages that wait for others to the same actor. More stay in the outbox.
const WAITING: usize = 1024;
const TIMEOUT: Duration = Duration::from_secs(5);

/// Sends messages. The entry's id is the command id, so a second delivery is not decided again.
pub(crate) struct Tells {
    sidecar: Arc<dyn Sidecar>,
    sends: FuturesUnordered<BoxFuture<'static, (Pending, bool)>>,
    actors: HashMap<Destination, Queue>,
    /// The positions of those on their way, and of those that wait.
    known: HashSet<i64>,
}

/// What is for one actor, by one method.
#[derive(Default)]
struct Queue {
    flying: usize,
    waiting: VecDeque<Pending>,
}

impl Tells {
    pub(crate) fn new(sidecar: Arc<dyn Sidecar>) -> Self {
        Self { sidecar, sends: FuturesUnordered::new(), actors: HashMap::new(), known: HashSet::new() }
    }

    /// How many more may be sent now.
    pub(crate) fn room(&self) -> usize {
        AT_ONCE.saturating_sub(self.sends.len())
    }

    /// How many more may be taken from the outbox, any of which may have to wait.
    pub(crate) fn room_to_wait(&self) -> usize {
        self.room().min(WAITING.saturating_sub(self.waiting()))
    }

    fn waiting(&self) -> usize {
        self.known.len() - self.sends.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sends.is_empty()
    }

    /// The positions of those on their way, and of those that wait.
    pub(crate) fn known(&self) -> Vec<i64> {
        self.known.iter().copied().collect()
    }

    pub(crate) fn send(&mut self, pending: Pending) {
        let full = self.waiting() >= WAITING;
        let seq = pending.seq;
        if self.known.contains(&seq) {
            return;
        }
        let queue = self.actors.entry(pending.entry.destination.clone()).or_default();
        if queue.flying < TO_ONE {
            queue.flying += 1;
            self.begin(pending);
        } else if full {
            // It is in the outbox, where a relay finds it.
            return;
        } else {
            queue.waiting.push_back(pending);
        }
        self.known.insert(seq);
    }

    fn begin(&self, pending: Pending) {
        let sidecar = Arc::clone(&self.sidecar);
        let send = async move {
            let delivered = deliver(sidecar.as_ref(), &pending.entry).await;
            (pending, delivered)
        };
        self.sends.push(send.boxed());
    }

    /// What waits is left to other relays, or a later one.
    pub(crate) fn leave_waiting(&mut self) {
        for pending in self.actors.values_mut().flat_map(|queue| queue.waiting.drain(..)) {
            self.known.remove(&pending.seq);
        }
    }

    /// Waits for the next answer, and takes along what else was answered by then.
    pub(crate) async fn handed(&mut self) -> Handed {
        let mut handed = Handed::default();
        let mut next = self.sends.next().await;
        while let Some((pending, delivered)) = next {
            self.known.remove(&pending.seq);
            self.go_on(&pending.entry.destination);
            if delivered { &mut handed.accepted } else { &mut handed.deferred }.push(pending.seq);
            next = self.sends.next().now_or_never().flatten();
        }
        count("actor", &handed);
        handed
    }

    /// One less is on its way there.
    fn go_on(&mut self, destination: &Destination) {
        let Some(queue) = self.actors.get_mut(destination) else { return };
        if let Some(pending) = queue.waiting.pop_front() {
            self.begin(pending);
        } else {
            queue.flying -= 1;
            if queue.flying == 0 {
                self.actors.remove(destination);
            }
        }
    }
}

/// Whether the actor answered: any answer it decided ends the delivery.
async fn deliver(sidecar: &dyn Sidecar, entry: &Entry) -> bool {
    let Destination::Actor { actor_type, actor_id, method } = &entry.destination else { return false };
    let call = Call {
        command_id: Some(CommandId(entry.event_id)),
        keep: Keep::Long,
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
