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
//! What happens to a task ([`task_events`]) becomes a row for each person who sees it, which the backends stream:
//!
//! ```text
//! task-events topic → task_events.rs → user_event rows, NOTIFY → todo-backend → GET /api/v1/events
//! ```

mod delivery;
#[cfg(test)]
mod fixture;
mod metrics;
mod reminders;
mod task_events;

use std::env;

use anyhow::Context;
use notification_actor::NotificationActor;
use platform::{ActorHost, Config, Service, dead_letters, telemetry};

use crate::delivery::{DaprBinding, Worker};

/// The right-hand side of Message-IDs, unless `MESSAGE_ID_DOMAIN` says another.
const MESSAGE_ID_DOMAIN: &str = "almanac.local";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::from_env()?;
    telemetry::init(&config);
    let service = Service::connect(config)?;

    let actors = ActorHost::start(service.clone(), |host| host.actor::<NotificationActor>())
        .context("cannot start the actor host")?;

    let domain = env::var("MESSAGE_ID_DOMAIN").unwrap_or_else(|_| MESSAGE_ID_DOMAIN.to_owned());
    let binding = DaprBinding::new(service.sidecar.client());
    let worker = Worker::new(service.pool.clone(), binding, domain, actors.relay());
    let routes = reminders::routes(service.pool.clone(), service.actors.clone(), worker.handle())
        .merge(task_events::routes(service.pool.clone()))
        .merge(dead_letters::routes(&service));
    actors.worker(worker.run(service.stop.requested())).routes(routes).serve().await?;
    Ok(())
}
