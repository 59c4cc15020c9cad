//! A process that was asked to stop still answers, until nobody asks any more.
//!
//! Whoever spreads the requests, a load balancer or a sidecar, learns only by and by that this process goes. And a
//! client must not find a connection closed that it is just about to use: so each answer from now on says that it
//! is the last one of its connection.

use std::time::Duration;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
};
use http::{HeaderValue, header};
use tokio::{sync::watch, time::timeout};

use crate::Stop;

/// Without a request for so long, nobody asks any more.
const QUIET: Duration = Duration::from_millis(250);
/// Who asks even now finds another process.
const LIMIT: Duration = Duration::from_secs(2);

/// Sees every request.
#[derive(Debug, Clone)]
pub(crate) struct Leaving {
    stop: Stop,
    asked: watch::Sender<()>,
}

impl Leaving {
    pub(crate) fn new(stop: Stop) -> Self {
        Self { stop, asked: watch::Sender::new(()) }
    }

    /// Makes it see the requests to these routes; those that only ask how it is must not hold it up.
    pub(crate) fn watch(&self, routes: Router) -> Router {
        routes.layer(middleware::from_fn_with_state(self.clone(), see))
    }

    /// Waits until it is asked to stop, and then until there are no more requests.
    pub(crate) fn nobody_asks(&self) -> impl Future<Output = ()> + Send + 'static {
        let Self { stop, asked } = self.clone();
        async move {
            stop.requested().await;
            let mut next = asked.subscribe();
            let quiet = async { while timeout(QUIET, next.changed()).await.is_ok() {} };
            if timeout(LIMIT, quiet).await.is_err() {
                tracing::info!("there are still requests; they are turned away from now on");
            }
        }
    }
}

async fn see(State(leaving): State<Leaving>, request: Request, next: Next) -> Response {
    leaving.asked.send_replace(());
    let mut response = next.run(request).await;
    if leaving.stop.is_requested() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, routing::get};
    use tokio::time::{Instant, sleep};
    use tower::ServiceExt;

    use super::*;

    async fn ask(routes: &Router) -> Response {
        routes.clone().oneshot(Request::new(Body::empty())).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn it_stays_while_somebody_asks_and_says_that_it_goes() {
        let (stop, started) = (Stop::default(), Instant::now());
        let leaving = Leaving::new(stop.clone());
        let routes = leaving.watch(Router::new().route("/", get(|| async {})));
        assert!(!ask(&routes).await.headers().contains_key(header::CONNECTION));
        let left = tokio::spawn(leaving.nobody_asks());
        stop.request();
        for _ in 0..4 {
            sleep(QUIET / 2).await;
            assert_eq!(ask(&routes).await.headers()[header::CONNECTION], "close");
        }
        assert!(!left.is_finished());
        left.await.unwrap();
        assert_eq!(started.elapsed(), QUIET * 3);
    }

    #[tokio::test(start_paused = true)]
    async fn it_does_not_stay_for_ever() {
        let (stop, started) = (Stop::default(), Instant::now());
        let leaving = Leaving::new(stop.clone());
        let routes = leaving.watch(Router::new().route("/", get(|| async {})));
        let left = leaving.nobody_asks();
        stop.request();
        let asking = async {
            loop {
                sleep(QUIET / 2).await;
                ask(&routes).await;
            }
        };
        tokio::select! {
            () = left => {}
            () = asking => {}
        }
        assert_eq!(started.elapsed(), LIMIT);
    }
}
