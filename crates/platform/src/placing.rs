//! Whether the sidecar still gives out calls to the actors it hosts.
//!
//! While placement spreads actors anew, daprd keeps calls to the types that move waiting. If its connection to
//! placement is closed within such a round, as when a frozen app held the round up, daprd 1.18 forgets to let them go,
//! until these types move once more. The cure is to make them move: an app that calls itself sick to daprd's probe
//! loses its types and, well again, gets them back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use tokio::time::sleep;
use virtual_actors::DaprSidecar;

const PAUSE: Duration = Duration::from_secs(3);
/// Longer than a round takes: placement's `--disseminate-timeout`, and some more.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether calls to a hosted type wait for good, as last seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Placing(Arc<AtomicBool>);

impl Placing {
    /// Looks again and again, as long as the process lives.
    pub(crate) fn watch(sidecar: DaprSidecar, types: Arc<[&'static str]>) -> Self {
        let placing = Self::default();
        if !types.is_empty() {
            let seen = placing.clone();
            tokio::spawn(async move {
                loop {
                    let stuck = is_stuck(&sidecar, &types).await;
                    if seen.0.swap(stuck, Ordering::Relaxed) != stuck {
                        tracing::warn!(stuck, "the sidecar keeps calls to actors waiting, or no longer does");
                    }
                    sleep(PAUSE).await;
                }
            });
        }
        placing
    }

    pub(crate) fn stuck(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Types that are not registered, as while placement is away, have nothing to be cured of.
async fn is_stuck(sidecar: &DaprSidecar, types: &[&'static str]) -> bool {
    let registered = async || sidecar.hosts(types).await.unwrap_or(false);
    let waiting = async || join_all(types.iter().map(|of| sidecar.keeps_waiting(of, PATIENCE))).await;
    registered().await && waiting().await.contains(&true) && registered().await
}
