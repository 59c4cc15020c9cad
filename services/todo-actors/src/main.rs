//! `todo-actors`: hosts the `Task` and `ReminderSchedule` actors, and relays what they commit.
//!
//! There is nothing to decide here: the actors bring their rules, `virtual-actors` runs them, and
//! `platform` starts and stops the process. Add replicas to scale; Dapr spreads the actors.

use std::sync::Arc;

use anyhow::Context;
use platform::{Config, Readiness, Service, Stop, telemetry};
use reminder_schedule_actor::ReminderScheduleActor;
use task_actor::TaskActor;
use virtual_actors::{Host, PgStore, Relay, Sidecar};

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
        .actor::<TaskActor>()
        .actor::<ReminderScheduleActor>()
        .start()
        .context("cannot start the actor host")?;

    let routes = host.routes();
    let readiness = Readiness::new().actor_types(host.actor_types());
    // The relay goes last: running turns still write to the outbox.
    let settled = Stop::default();
    let relaying = tokio::spawn(relay.run(settled.requested()));
    let drain = async {
        host.drain().await;
        settled.request();
        if let Err(error) = relaying.await {
            tracing::error!(%error, "the relay ended badly");
        }
    };
    service.serve(routes, readiness, drain).await?;
    Ok(())
}
