//! `notification-service`: reminders that have come due reach people, in the app and by mail.
//!
//! A `reminder.due` event ([`reminders`]) becomes a call to the user's `Notification` actor, which this
//! service hosts; the actor's turn writes the inbox entry and queues the mail. A worker ([`delivery`]) sends
//! what is queued, outside any turn:
//!
//! ```text
//! reminders topic → reminders.rs → Notification actor → delivery rows → delivery/worker.rs → Dapr binding → SMTP
//! ```

mod delivery;
#[cfg(test)]
mod fixture;
mod metrics;
mod reminders;

use std::{env, sync::Arc};

use anyhow::Context;
use notification_actor::NotificationActor;
use platform::{Config, Readiness, Service, Stop, dead_letters, telemetry};
use virtual_actors::{Host, PgStore, Relay, Sidecar};

use crate::delivery::{DaprBinding, Worker};

/// The right-hand side of Message-IDs, unless `MESSAGE_ID_DOMAIN` says another.
const MESSAGE_ID_DOMAIN: &str = "almanac.local";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::from_env()?;
    telemetry::init(&config);
    let service = Service::connect(config)?;

    let store = PgStore::new(service.pool.clone());
    let sidecar: Arc<dyn Sidecar> = Arc::new(service.sidecar.clone());
    let relay = Relay::new(Arc::new(store.clone()), Arc::clone(&sidecar), service.ids.next_id());
    let host = Host::builder(Arc::new(store), sidecar, Arc::clone(&service.clock))
        .relay(relay.handle())
        .actor::<NotificationActor>()
        .start()
        .context("cannot start the actor host")?;

    let domain = env::var("MESSAGE_ID_DOMAIN").unwrap_or_else(|_| MESSAGE_ID_DOMAIN.to_owned());
    let binding = DaprBinding::new(service.sidecar.client());
    let worker = Worker::new(service.pool.clone(), binding, domain, relay.handle());
    let routes = reminders::routes(service.pool.clone(), service.actors.clone(), worker.handle())
        .merge(dead_letters::routes(&service))
        .merge(host.routes());
    let readiness = Readiness::new().actor_types(host.actor_types());

    // The relay goes last: the turns and the send in hand still write to the outbox.
    let settled = Stop::default();
    let delivering = tokio::spawn(worker.run(service.stop.requested()));
    let relaying = tokio::spawn(relay.run(settled.requested()));
    let drain = async {
        host.drain().await;
        let delivered = delivering.await;
        settled.request();
        for ended in [delivered, relaying.await] {
            if let Err(error) = ended {
                tracing::error!(%error, "a worker ended badly");
            }
        }
    };
    service.serve(routes, readiness, drain).await?;
    Ok(())
}
