//! What handlers share.

use std::{sync::Arc, time::Duration};

use platform::{Service, ServiceClient, Stop};
use sqlx::PgPool;
use tokio::sync::Mutex;
use virtual_actors::{ActorClient, Clock, IdSource};

use crate::{live::Live, passwords::Passwords, slots::Slots, tokens::Tokens};

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
    pub(crate) passwords: Passwords,
    /// For expanding rules that anybody may send.
    pub(crate) previews: Slots,
    /// The connected clients.
    pub(crate) live: Live,
    /// Requested when the process is to end.
    pub(crate) stop: Stop,
    /// Held while a sweep of the reminders runs.
    pub(crate) sweep: Arc<Mutex<()>>,
}

impl App {
    pub(crate) fn new(service: &Service) -> anyhow::Result<Self> {
        Ok(Self {
            pool: service.pool.clone(),
            actors: service.actors.clone(),
            patience: virtual_actors::DEFAULT_TIMEOUT,
            services: service.services.clone(),
            clock: service.clock.clone(),
            ids: service.ids.clone(),
            tokens: Tokens::default(),
            passwords: Passwords::new(argon2::Params::default())?,
            previews: Slots::default(),
            live: Live::new(service.pool.clone()),
            stop: service.stop.clone(),
            sweep: Arc::default(),
        })
    }
}
