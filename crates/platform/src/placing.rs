//! Whether the sidecar still gives out calls to actors, those hosted here and those elsewhere.
//!
//! While placement spreads actors anew, daprd keeps calls to the types that move waiting, in every sidecar. If its
//! connection to placement is closed within such a round, as when a frozen app held the round up, daprd 1.18 forgets to
//! let them go, until these types move once more. There are two cures:
//!
//! - Types hosted here are made to move: an app that calls itself sick to daprd's probe loses its types and, well again,
//!   gets them back.
//! - Types that this app only calls are not its own to move. Its sidecar is asked to end, and whoever runs it starts it
//!   again.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::{join, join_all};
use tokio::time::sleep;
use virtual_actors::{DaprSidecar, SidecarError};

const PAUSE: Duration = Duration::from_secs(3);
/// Longer than a round that times out, and the one after it: three times placement's `--disseminate-timeout`. Longer,
/// too, than the 5 s for which daprd looks for a host of a type that has none.
const PATIENCE: Duration = Duration::from_secs(10);
/// So many looks in a row must find calls waiting: a cure costs every caller a moment.
const LOOKS: u32 = 2;

/// Whether calls wait for good, as last seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Placing {
    hosted: Arc<AtomicBool>,
    called: Arc<AtomicBool>,
}

/// The actor types an app has to do with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Types {
    pub(crate) hosted: Vec<&'static str>,
    /// By it, and hosted elsewhere.
    pub(crate) called: Vec<&'static str>,
}

/// What is asked of daprd.
pub(crate) trait Daprd: Send + Sync + 'static {
    /// Whether placement is there and has it as a host of these, if any.
    fn is_placed(&self, hosted: &[&'static str]) -> impl Future<Output = bool> + Send;
    fn keeps_waiting(&self, actor_type: &'static str) -> impl Future<Output = bool> + Send;
    fn shut_down(&self) -> impl Future<Output = Result<(), SidecarError>> + Send;
}

impl Daprd for DaprSidecar {
    async fn is_placed(&self, hosted: &[&'static str]) -> bool {
        let placed = if hosted.is_empty() { self.is_placed().await } else { self.hosts(hosted).await };
        placed.unwrap_or(false)
    }

    async fn keeps_waiting(&self, actor_type: &'static str) -> bool {
        self.keeps_waiting(actor_type, PATIENCE).await
    }

    async fn shut_down(&self) -> Result<(), SidecarError> {
        self.shut_down().await
    }
}

impl Placing {
    /// Looks again and again, as long as the process lives.
    pub(crate) fn watch(daprd: impl Daprd, types: Types) -> Self {
        let placing = Self::default();
        if !types.hosted.is_empty() || !types.called.is_empty() {
            tokio::spawn(placing.clone().look(daprd, types));
        }
        placing
    }

    async fn look(self, daprd: impl Daprd, Types { hosted, called }: Types) {
        let (mut own, mut others) = (Looks::default(), Looks::default());
        loop {
            let (own_wait, others_wait) =
                join(wait(&daprd, &hosted, &hosted), wait(&daprd, &called, &[])).await;
            let (own_stuck, others_stuck) = (own.found(own_wait), others.found(others_wait));
            note(&self.hosted, own_stuck, &hosted);
            note(&self.called, others_stuck, &called);
            if others_stuck {
                // A new sidecar, two new looks.
                others = Looks::default();
                if let Err(error) = daprd.shut_down().await {
                    tracing::error!(%error, "the sidecar cannot be asked to end");
                }
            }
            sleep(PAUSE).await;
        }
    }

    /// Whether calls to types hosted here wait.
    pub(crate) fn hosted_stuck(&self) -> bool {
        self.hosted.load(Ordering::Relaxed)
    }

    /// Whether any calls wait.
    pub(crate) fn stuck(&self) -> bool {
        self.hosted_stuck() || self.called.load(Ordering::Relaxed)
    }
}

/// How many looks in a row found calls waiting.
#[derive(Default)]
struct Looks(u32);

impl Looks {
    /// Whether that is often enough.
    fn found(&mut self, waiting: bool) -> bool {
        self.0 = if waiting { self.0 + 1 } else { 0 };
        self.0 >= LOOKS
    }
}

/// Whether calls to any of the types wait. While placement is away they do, and there is nothing to be cured of.
async fn wait(daprd: &impl Daprd, types: &[&'static str], hosted: &[&'static str]) -> bool {
    if types.is_empty() || !daprd.is_placed(hosted).await {
        return false;
    }
    let waiting = join_all(types.iter().map(|of| daprd.keeps_waiting(of))).await;
    waiting.contains(&true) && daprd.is_placed(hosted).await
}

fn note(seen: &AtomicBool, stuck: bool, types: &[&str]) {
    if seen.swap(stuck, Ordering::Relaxed) != stuck {
        tracing::warn!(stuck, ?types, "the sidecar keeps calls to actors waiting, or no longer does");
    }
}

#[cfg(test)]
mod tests;
