//! `notification-service`: reminders that have come due reach people, in the app and by mail; and what happens to
//! tasks reaches their connected clients.
//!
//! A `reminder.due` event ([`reminders`]) becomes a call to the user's `Notification` actor, which this
//! service hosts; the actor's turn writes the inbox entry and queues the mail. A worker ([`delivery`]) sends
//! what is queued, outside any turn:
//!
//! ```text
//! reminders topic → reminders.rs → Notification actor → delivery rows → delivery/worker.rs → Dapr binding → SMTP
//! ```
//!
//! What happens to a task ([`live`]) becomes a row for each person who sees it, which the backends stream:
//!
//! ```text
//! task-events, audit-logs topics → live.rs → user_event rows, NOTIFY → todo-backend → GET /api/v1/events
//! ```
//!
//! The same worker sends the mails about accounts, which todo-backend queues in `account_mail`.

mod delivery;
#[cfg(test)]
mod fixture;
mod live;
mod metrics;
mod reminders;

use std::env;

use anyhow::Context;
use notification_actor::NotificationActor;
use platform::{ActorHost, Config, Service, dead_letters, telemetry};

use crate::delivery::{DaprBinding, Settings, Worker};

/// The right-hand side of Message-IDs, unless `MESSAGE_ID_DOMAIN` says another.
const MESSAGE_ID_DOMAIN: &str = "almanac.local";
/// What links in mails begin with, unless `PUBLIC_URL` says another: the front door of `cargo xtask up`.
const PUBLIC_URL: &str = "http://127.0.0.1:8000";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::from_env()?;
    telemetry::init(&config);
    let service = Service::connect(config)?;

    let actors = ActorHost::start(service.clone(), |host| host.actor::<NotificationActor>())
        .context("cannot start the actor host")?;

    let setting = |name, otherwise: &str| env::var(name).unwrap_or_else(|_| otherwise.to_owned());
    let settings = Settings {
        message_id_domain: setting("MESSAGE_ID_DOMAIN", MESSAGE_ID_DOMAIN),
        public_url: setting("PUBLIC_URL", PUBLIC_URL),
    };
    let binding = DaprBinding::new(service.sidecar.client());
    let worker = Worker::new(service.pool.clone(), binding, settings, actors.relay());
    let routes = reminders::routes(service.pool.clone(), service.actors.clone(), worker.handle())
        .merge(live::routes(service.pool.clone()))
        .merge(dead_letters::routes(&service));
    actors.worker(worker.run(service.stop.requested())).routes(routes).serve().await?;
    Ok(())
}
