//! What handlers share.

use std::{sync::Arc, time::Duration};

use platform::{
    Service, ServiceClient, Stop, WorkerHandle,
    state_store::{DaprState, StateStore},
};
use sqlx::PgPool;
use tokio::sync::Mutex;
use virtual_actors::{ActorClient, Clock, IdSource};

use crate::{
    keys::Keys, live::Live, oidc::Oidc, passwords::Passwords, rate_limits::RateLimits,
    secret_store::SecretStore, settings::Settings, slots::Slots, tokens::Tokens,
};

/// The state store component.
const STATE_STORE: &str = "statestore";

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) pool: PgPool,
    pub(crate) actors: ActorClient,
    /// How long a command may take.
    pub(crate) patience: Duration,
    pub(crate) services: ServiceClient,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) tokens: Tokens,
    /// What is kept for a time only, such as sessions.
    pub(crate) state: Arc<dyn StateStore>,
    pub(crate) rate_limits: Arc<RateLimits>,
    pub(crate) passwords: Passwords,
    pub(crate) secrets: Arc<SecretStore>,
    pub(crate) oidc: Oidc,
    /// How many proxies of ours a request came through.
    pub(crate) trusted_proxies: usize,
    /// For expanding rules that anybody may send.
    pub(crate) previews: Slots,
    /// What of an import has not begun by then is left to the next.
    pub(crate) longest_import: Duration,
    /// For reading files.
    pub(crate) imports: Slots,
    /// The connected clients.
    pub(crate) live: Live,
    /// Requested when the process is to end.
    pub(crate) stop: Stop,
    /// Wakes the worker by which tasks follow their people's zone.
    pub(crate) zone_moves: WorkerHandle,
    /// Wakes the worker that empties deleted accounts.
    pub(crate) deletions: WorkerHandle,
    /// Held while the minute's sweep of the reminders runs.
    pub(crate) sweep: Arc<Mutex<()>>,
}

impl App {
    pub(crate) fn new(service: &Service, settings: &Settings) -> anyhow::Result<Self> {
        let secrets = Arc::new(SecretStore::of(service.sidecar.clone()));
        let state: Arc<dyn StateStore> = Arc::new(DaprState::new(service.sidecar.clone(), STATE_STORE));
        let Settings { rate_of_tokens, rate_of_addresses, .. } = *settings;
        Ok(Self {
            pool: service.pool.clone(),
            actors: service.actors.clone(),
            patience: virtual_actors::DEFAULT_TIMEOUT,
            services: service.services.clone(),
            clock: service.clock.clone(),
            ids: service.ids.clone(),
            tokens: Tokens { keys: Keys::default(), lifetime: settings.access_token },
            rate_limits: Arc::new(RateLimits::new(state.clone(), rate_of_tokens, rate_of_addresses)),
            state,
            passwords: Passwords::new(argon2::Params::default())?,
            oidc: Oidc::new(settings.oidc.clone(), &settings.public_url, secrets.clone())?,
            secrets,
            trusted_proxies: settings.trusted_proxies,
            previews: Slots::default(),
            longest_import: Duration::from_secs(15),
            imports: Slots::default(),
            live: Live::new(service.pool.clone()),
            stop: service.stop.clone(),
            zone_moves: WorkerHandle::default(),
            deletions: WorkerHandle::default(),
            sweep: Arc::default(),
        })
    }
}
