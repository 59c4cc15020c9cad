//! A process from its start to its end.

use std::{
    any::Any,
    future::{Future, ready},
    io,
    net::SocketAddr,
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    response::{IntoResponse, Response},
    routing::get,
    serve::ListenerExt,
};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{net::TcpListener, time::timeout};
use tower_http::catch_panic::CatchPanicLayer;
use virtual_actors::{ActorClient, Clock, DaprSidecar, IdSource, SidecarError, System};

use crate::{
    Config, Problem, Readiness, ServiceClient, Stop,
    api_token::{self, AppToken},
    epoch::of_one_epoch,
    leaving::Leaving,
    metrics, problem, request,
};

/// Bodies are at most this large unless a route sets its own `DefaultBodyLimit`.
const BODY_LIMIT: usize = 1024 * 1024;
const CONNECTIONS: u32 = 10;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
// After the request to stop; whoever sends it should wait longer than these together before he kills.
/// How long requests may take to finish.
const REQUESTS_GRACE: Duration = Duration::from_secs(5);
/// How long the service's own draining may take after that.
const DRAIN_GRACE: Duration = Duration::from_secs(8);
/// How long the last connections to the database may take to close.
const POOL_GRACE: Duration = Duration::from_secs(2);

/// What a service is connected to. Everything connects when first used, and again after a loss.
#[derive(Clone)]
pub struct Service {
    pub config: Config,
    pub pool: PgPool,
    /// Publishing, reminders and, by its `client()`, every other building block.
    pub sidecar: DaprSidecar,
    pub actors: ActorClient,
    pub services: ServiceClient,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    /// Requested on SIGTERM and SIGINT.
    pub stop: Stop,
}

/// Why a service cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("DATABASE_URL is not valid")]
    DatabaseUrl(#[source] sqlx::Error),
    #[error("the sidecar's address is not valid")]
    Sidecar(#[from] SidecarError),
    #[error("no HTTP client")]
    HttpClient(#[from] reqwest::Error),
    #[error("cannot listen on {address}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
}

impl Service {
    /// Prepares the connections; call it inside a tokio runtime.
    ///
    /// # Errors
    /// When an address makes no sense.
    pub fn connect(config: Config) -> Result<Self, ServeError> {
        let options = PgConnectOptions::from_str(&config.database_url)
            .map_err(ServeError::DatabaseUrl)?
            .application_name(&config.app_id);
        let stop = Stop::default();
        let pool = of_one_epoch(PgPoolOptions::new(), stop.clone())
            .max_connections(CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // No task that looks for old connections: in sqlx 0.9 its count of idle ones can wrap below zero
            // when many acquire at once, and it then spins. A dead connection is found when it is taken.
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(options);
        let grpc = format!("http://127.0.0.1:{}", config.dapr_grpc_port);
        let sidecar = DaprSidecar::new(&grpc, config.dapr_api_token.clone(), config.pubsub.clone())?;
        let http = format!("http://127.0.0.1:{}", config.dapr_http_port);
        Ok(Self {
            actors: ActorClient::new(Arc::new(sidecar.clone())),
            services: ServiceClient::new(http, config.dapr_api_token.clone())?,
            clock: Arc::new(System),
            ids: Arc::new(System),
            stop,
            config,
            pool,
            sidecar,
        })
    }

    /// Serves until SIGTERM or SIGINT (or [`Stop::request`]); then until nobody asks any more, finishes what it
    /// has begun, awaits `drain`, and returns.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn serve(
        self,
        routes: Router,
        readiness: Readiness,
        drain: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        self.stop.on_signal().map_err(ServeError::Signals)?;
        let address = SocketAddr::new(self.config.host, self.config.port);
        let listener =
            TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source })?;
        tracing::info!(%address, "listening");
        self.serve_on(listener, routes, readiness, drain).await;
        Ok(())
    }

    async fn serve_on(
        self,
        listener: TcpListener,
        routes: Router,
        readiness: Readiness,
        drain: impl Future<Output = ()>,
    ) {
        // Without delay: answers are small, and Nagle's algorithm would hold them back.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY is not available");
            }
        });

        let (leaving, stop) = (Leaving::new(self.stop.clone()), self.stop.clone());
        let readiness = readiness.check("stopping", move || {
            ready(if stop.is_requested() { Err("it was asked to stop".to_owned()) } else { Ok(()) })
        });
        let routes = leaving
            .watch(routes)
            .merge(readiness.routes(self.pool.clone(), self.sidecar.clone()))
            .route("/metrics", get(metrics::exposition));
        let routes = common_layers(routes, self.config.app_api_token.as_deref(), self.ids.clone());
        // Handlers may ask who is at the other end.
        let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(listener, routes).with_graceful_shutdown(leaving.nobody_asks());
        let hard_stop = async {
            leaving.nobody_asks().await;
            tokio::time::sleep(REQUESTS_GRACE).await;
        };
        tokio::select! {
            // It only ends on the request to stop: axum handles errors of single connections itself.
            _ = server => {}
            () = hard_stop => tracing::warn!("some requests did not finish in time"),
        }
        if timeout(DRAIN_GRACE, drain).await.is_err() {
            tracing::warn!("draining did not finish in time");
        }
        if timeout(POOL_GRACE, self.pool.close()).await.is_err() {
            tracing::warn!("some database connections did not close in time");
        }
        tracing::info!("stopped");
    }
}

/// What surrounds every route: trace and metrics, the sidecar's token, problems for what no route
/// answers and for panics, a limit on bodies. [`Service::serve`] adds it; tests of routes do so themselves.
pub fn common_layers(routes: Router, app_api_token: Option<&str>, ids: Arc<dyn IdSource>) -> Router {
    routes
        .fallback(async || Problem::not_found("There is nothing at this path."))
        .method_not_allowed_fallback(async || {
            Problem::new(&problem::METHOD_NOT_ALLOWED, "This path has other methods; see the Allow header.")
        })
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(AppToken::new(app_api_token), api_token::check))
        .layer(middleware::from_fn_with_state(ids, request::observe))
}

fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic");
    Problem::internal(message).into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use axum::{body::Body, http::Request, routing::post};
    use tokio::sync::Notify;
    use tower::ServiceExt;

    use super::*;

    async fn answer(method: &str, path: &str) -> Response {
        async fn panics() -> &'static str {
            panic!("a defect")
        }
        let routes = Router::new()
            .route("/panics", get(panics))
            .route("/large", post(async |_: String| "unreachable"));
        let body = Body::from(vec![b'x'; BODY_LIMIT + 1]);
        let request = Request::builder().method(method).uri(path).body(body).unwrap();
        common_layers(routes, None, Arc::new(System)).oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn whatever_goes_wrong_is_a_problem() {
        for (method, path, status) in
            [("GET", "/panics", 500), ("GET", "/nowhere", 404), ("DELETE", "/panics", 405)]
        {
            let response = answer(method, path).await;
            assert_eq!(response.status(), status, "{method} {path}");
            assert_eq!(response.headers()["content-type"], problem::MEDIA_TYPE, "{method} {path}");
        }
        assert_eq!(answer("DELETE", "/panics").await.headers()["allow"], "GET,HEAD");
        assert_eq!(answer("POST", "/large").await.status(), 413);
    }

    /// Its database and its sidecar are not there.
    fn service() -> Service {
        let config = Config {
            app_id: "test".into(),
            host: [127, 0, 0, 1].into(),
            port: 0,
            dapr_http_port: 9,
            dapr_grpc_port: 9,
            database_url: "postgres://nobody@127.0.0.1:9/nothing".into(),
            pubsub: "pubsub".into(),
            app_api_token: None,
            dapr_api_token: None,
        };
        Service::connect(config).unwrap()
    }

    #[tokio::test]
    async fn stopping_finishes_what_was_begun_then_drains() {
        let service = service();
        let stop = service.stop.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());

        let (begun, finish) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (in_handler, let_finish) = (begun.clone(), finish.clone());
        let slow = async move || {
            in_handler.notify_one();
            let_finish.notified().await;
            "finished"
        };
        let drained = Arc::new(AtomicBool::new(false));
        let draining = drained.clone();
        let drain = async move { draining.store(true, Ordering::SeqCst) };
        let routes = Router::new().route("/slow", get(slow));
        let serving = tokio::spawn(service.serve_on(listener, routes, Readiness::new(), drain));

        let request = tokio::spawn(reqwest::get(format!("{url}/slow")));
        begun.notified().await;
        stop.request();
        assert!(!drained.load(Ordering::SeqCst), "a request still runs");
        finish.notify_one();
        assert_eq!(request.await.unwrap().unwrap().text().await.unwrap(), "finished");
        serving.await.unwrap();
        assert!(drained.load(Ordering::SeqCst));
        assert!(reqwest::get(format!("{url}/health")).await.is_err(), "nobody listens any more");
    }

    #[tokio::test]
    async fn alive_and_able_to_serve_do_not_need_the_sidecar_but_ready_does() {
        let service = service();
        let (stop, listener) = (service.stop.clone(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(service.serve_on(listener, Router::new(), Readiness::new(), async {}));
        for (path, status) in [("/health", 200), ("/healthz", 200), ("/metrics", 200), ("/health/ready", 503)]
        {
            assert_eq!(reqwest::get(format!("{url}{path}")).await.unwrap().status(), status, "{path}");
        }
        let metrics = reqwest::get(format!("{url}/metrics")).await.unwrap().text().await.unwrap();
        assert!(metrics.contains(
            r#"http_server_request_duration_seconds_count{method="GET",route="/healthz",status="200"}"#
        ));
        stop.request();
        serving.await.unwrap();
    }
}
