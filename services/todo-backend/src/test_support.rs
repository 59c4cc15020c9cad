//! The routes on a real database, with actors that run in the test itself.

mod accounts;
mod actors;
mod client;
mod shared;

use std::sync::{Arc, Mutex};

use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use domain::UserId;
use platform::{ServiceClient, Stop, state_store::MemoryState};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;
use virtual_actors::{ActorClient, Clock, System};

pub(crate) use self::{
    accounts::{Mailed, PASSWORD},
    actors::Actors,
    client::{Answer, Request},
    shared::Shared,
};
use crate::{
    app::App,
    keys::{KeySet, Keys, SINGLE},
    live::Live,
    oidc::{self, Oidc},
    passwords::Passwords,
    rate_limits::{Policy, RateLimits},
    routes, sealed,
    secret_store::SecretStore,
    sessions::{self, UserAgent},
    tokens::Tokens,
};

/// Nothing listens on the discard port.
const NOBODY: &str = "http://127.0.0.1:9";

/// The service under test.
pub(crate) struct Backend {
    pub(crate) app: App,
    pub(crate) actors: Arc<Actors>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) state: Arc<MemoryState>,
    routes: Router,
}

/// Somebody with an account.
pub(crate) struct User {
    pub(crate) id: Uuid,
    pub(crate) token: String,
}

/// A clock that stands still.
pub(crate) struct TestClock(Mutex<DateTime<Utc>>);

impl TestClock {
    pub(crate) fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }

    pub(crate) fn set(&self, now: DateTime<Utc>) {
        *self.0.lock().unwrap() = now;
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

impl Backend {
    /// Without any other service.
    pub(crate) async fn new(pool: PgPool) -> Self {
        Self::through(pool, NOBODY.to_owned()).await
    }

    /// With `services` in the place of the sidecar's HTTP API.
    pub(crate) async fn with_services(pool: PgPool, services: Router) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, services).await });
        Self::through(pool, address).await
    }

    /// With OpenID providers, and links that begin so.
    pub(crate) async fn with_oidc(pool: PgPool, providers: Vec<oidc::Configured>, public_url: &str) -> Self {
        let mut backend = Self::new(pool).await;
        backend.app.oidc = Oidc::new(providers, public_url, backend.app.secrets.clone()).unwrap();
        backend.routes = routes_of(&backend.app);
        backend
    }

    /// With less time for an import.
    pub(crate) async fn hurried(pool: PgPool, longest_import: std::time::Duration) -> Self {
        let mut backend = Self::new(pool).await;
        backend.app.longest_import = longest_import;
        backend.routes = routes_of(&backend.app);
        backend
    }

    /// With limits of the requests of a token, and of an address.
    pub(crate) async fn limited(pool: PgPool, of_tokens: Policy, of_addresses: Policy) -> Self {
        Self::with(pool, NOBODY.to_owned(), (of_tokens, of_addresses)).await
    }

    async fn through(pool: PgPool, sidecar: String) -> Self {
        let unlimited = |name| Policy { name, limit: 0, window: 60 };
        Self::with(pool, sidecar, (unlimited("token"), unlimited("address"))).await
    }

    async fn with(pool: PgPool, sidecar: String, rates: (Policy, Policy)) -> Self {
        schema::migrate(&pool).await.unwrap();
        let start = "2026-07-01T08:00:00Z".parse().unwrap();
        let clock = Arc::new(TestClock(Mutex::new(start)));
        let actors = Arc::new(Actors::new(pool.clone(), clock.clone()));
        // A test may let much time pass.
        let tokens = Tokens { keys: Keys::default(), lifetime: TimeDelta::days(400) };
        tokens.keys.install(KeySet::new([(SINGLE.to_owned(), "7".repeat(32))]).unwrap());
        let state = Arc::new(MemoryState::default());
        let secrets = Arc::new(SecretStore::holding([
            (sealed::KEY, "0123456789abcdef0123456789abcdef"),
            ("oidc-house", "a client's secret"),
        ]));
        let app = App {
            live: Live::new(pool.clone()),
            stop: Stop::default(),
            pool,
            actors: ActorClient::new(actors.clone()),
            services: ServiceClient::new(sidecar, None).unwrap(),
            patience: std::time::Duration::from_millis(300),
            clock: clock.clone(),
            ids: Arc::new(System),
            tokens,
            rate_limits: Arc::new(RateLimits::new(state.clone(), rates.0, rates.1)),
            state: state.clone(),
            // As cheap as argon2 can be.
            passwords: Passwords::new(argon2::Params::new(8, 1, 1, None).unwrap()).unwrap(),
            oidc: Oidc::new(Vec::new(), NOBODY, secrets.clone()).unwrap(),
            secrets,
            trusted_proxies: 1,
            previews: Default::default(),
            longest_import: std::time::Duration::from_secs(15),
            imports: Default::default(),
            zone_moves: Default::default(),
            deletions: Default::default(),
            sweep: Arc::default(),
        };
        let routes = routes_of(&app);
        Self { app, actors, clock, state, routes }
    }

    /// An account in Europe/Berlin, signed in.
    pub(crate) async fn user(&self, email: &str) -> User {
        let id: Uuid = sqlx::query_scalar(
            "INSERT INTO app_user (id, email, password_hash, time_zone)
             VALUES (gen_random_uuid(), $1, '', 'Europe/Berlin') RETURNING id",
        )
        .bind(email)
        .fetch_one(&self.app.pool)
        .await
        .unwrap();
        let signed = sessions::begin(&self.app, UserId(id), UserAgent(None)).await;
        User { id, token: signed.unwrap_or_else(|problem| panic!("{problem:?}")).access_token }
    }

    pub(crate) fn request(&self, method: &'static str, path: &str) -> Request {
        Request::new(self.routes.clone(), method, path)
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.request("POST", path).json(body).send().await
    }
}

fn routes_of(app: &App) -> Router {
    platform::common_layers(routes::router(app.clone()), None, Arc::new(System))
}

impl User {
    /// A new task's path.
    pub(crate) async fn create(&self, backend: &Backend, title: &str) -> String {
        let answer = backend
            .request("POST", "/api/v1/tasks")
            .token(&self.token)
            .json(json!({"title": title}))
            .send()
            .await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        answer.headers["location"].to_str().unwrap().to_owned()
    }
}
