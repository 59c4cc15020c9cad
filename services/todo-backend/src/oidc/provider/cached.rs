//! What a provider tells of itself, kept: it is asked by one at a time, and not again at once when it does not answer.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use platform::Problem;
use tokio::time::{Instant, timeout};

use super::away;
use crate::oidc::PATIENCE;

/// How long what was told is believed; and longer only while the provider does not answer.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// How long a provider that did not answer is left alone.
const PAUSE: Duration = Duration::from_secs(5);

pub(super) struct Cached<T> {
    known: Mutex<Known<T>>,
    asking: tokio::sync::Mutex<()>,
}

struct Known<T> {
    told: Option<(Instant, Arc<T>)>,
    failed_at: Option<Instant>,
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self {
            known: Mutex::new(Known { told: None, failed_at: None }),
            asking: tokio::sync::Mutex::default(),
        }
    }
}

impl<T> Cached<T> {
    /// What is known, or what `fetched` brings: if `anew`, nothing older than this call.
    pub(super) async fn get(
        &self,
        anew: bool,
        fetched: impl Future<Output = Result<T, Problem>>,
    ) -> Result<Arc<T>, Problem> {
        let asked = Instant::now();
        let good = |at: Instant| if anew { at >= asked } else { at.elapsed() < FRESH };
        if let Some(told) = self.told(good) {
            return Ok(told);
        }
        let answer = timeout(PATIENCE, async {
            let _alone = self.asking.lock().await;
            // Others may have asked meanwhile.
            if let Some(told) = self.told(good) {
                return Ok(told);
            }
            if self.known().failed_at.is_some_and(|at| at.elapsed() < PAUSE) {
                return Err(away(&"it did not a moment ago"));
            }
            let fetched = fetched.await;
            let mut known = self.known();
            known.failed_at = fetched.is_err().then(Instant::now);
            let told = Arc::new(fetched?);
            known.told = Some((Instant::now(), told.clone()));
            Ok(told)
        });
        let answer = answer.await.unwrap_or_else(|_| {
            self.known().failed_at = Some(Instant::now());
            Err(away(&"out of patience"))
        });
        // What was told before is better than nothing, but not for whom it was not enough.
        answer.or_else(|problem| self.told(|_| !anew).ok_or(problem))
    }

    fn told(&self, good: impl FnOnce(Instant) -> bool) -> Option<Arc<T>> {
        self.known().told.as_ref().filter(|(at, _)| good(*at)).map(|(_, told)| told.clone())
    }

    fn known(&self) -> MutexGuard<'_, Known<T>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::advance;

    use super::*;

    async fn no_answer() -> Result<u32, Problem> {
        Err(away(&"no"))
    }

    /// Fails the test if it is asked.
    async fn unasked() -> Result<u32, Problem> {
        panic!("it is left alone")
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_told_is_believed_for_an_hour_unless_it_must_be_new() {
        let cached = Cached::default();
        assert_eq!(*cached.get(false, ready(Ok(1))).await.unwrap(), 1);
        advance(FRESH - Duration::from_secs(1)).await;
        assert_eq!(*cached.get(false, unasked()).await.unwrap(), 1);
        assert_eq!(*cached.get(true, ready(Ok(2))).await.unwrap(), 2);
        advance(FRESH).await;
        assert_eq!(*cached.get(false, ready(Ok(3))).await.unwrap(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_longer_for_others_than_for_the_provider() {
        let (cached, started) = (Cached::default(), Instant::now());
        let answers = futures::future::join_all((0..20).map(|_| cached.get(false, pending())));
        let answers: Vec<Result<Arc<u32>, Problem>> = answers.await;
        assert!(answers.iter().all(Result::is_err));
        assert_eq!(started.elapsed(), PATIENCE);
        assert!(cached.get(false, unasked()).await.is_err());
        assert_eq!(started.elapsed(), PATIENCE, "at once");
        advance(PAUSE).await;
        assert_eq!(*cached.get(false, ready(Ok(1))).await.unwrap(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn while_it_does_not_answer_the_former_answer_holds_where_it_is_enough() {
        let cached = Cached::default();
        cached.get(false, ready(Ok(1))).await.unwrap();
        advance(FRESH).await;
        assert_eq!(*cached.get(false, no_answer()).await.unwrap(), 1);
        assert_eq!(*cached.get(false, unasked()).await.unwrap(), 1);
        assert!(cached.get(true, unasked()).await.is_err());
    }
}
