//! Work that takes a core for a while: off the threads that serve requests, a few at a time.

use std::{num::NonZero, sync::Arc, thread::available_parallelism, time::Duration};

use platform::Problem;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

/// Who would wait longer is better told to come back.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// As many as there are cores; more would only wait.
#[derive(Clone)]
pub(crate) struct Slots(Arc<Semaphore>);

impl Default for Slots {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(available_parallelism().map_or(1, NonZero::get))))
    }
}

impl Slots {
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let Ok(Ok(slot)) = timeout(LONGEST_WAIT, self.0.clone().acquire_owned()).await else {
            return Err(Problem::unavailable("Too many people are asking for this right now."));
        };
        // The slot goes along: the work goes on even if the caller is gone.
        let work = spawn_blocking(move || {
            let _slot = slot;
            work()
        });
        work.await.map_err(Problem::internal)
    }
}
