//! `recurring-task-service`: a recurring task that is done with is followed by the next one, exactly one.
//!
//! What happens to a task ([`task_events`]) becomes a message to its series' `Recurrence` actor, which this
//! service hosts; the actor's turn enters into the ledger what follows. A worker ([`instances`]) has the
//! backend make it, or withdraw it, outside any turn:
//!
//! ```text
//! task-events topic → task_events.rs → Recurrence actor → recurrence_ledger → instances/worker.rs → todo-backend → Task actor
//! ```
//!
//! [`series`] tells other services of a series.

#[cfg(test)]
mod fixture;
mod instances;
mod metrics;
mod series;
mod task_events;

use std::sync::Arc;

use anyhow::Context;
use platform::{Config, Readiness, Service, Stop, dead_letters, telemetry};
use recurrence_actor::RecurrenceActor;
use virtual_actors::{Host, PgStore, Relay, Sidecar};

use crate::instances::{Backend, Worker};

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
        .actor::<RecurrenceActor>()
        .start()
        .context("cannot start the actor host")?;

    let worker = Worker::new(service.pool.clone(), Backend::new(service.services.clone()), relay.handle());
    let routes = task_events::routes(service.pool.clone(), service.actors.clone(), worker.handle())
        .merge(series::routes(service.pool.clone(), service.actors.clone()))
        .merge(dead_letters::routes(&service))
        .merge(host.routes());
    let readiness = Readiness::new().actor_types(host.actor_types());

    // The relay goes last: the turns and the work in hand still write to the outbox.
    let settled = Stop::default();
    let working = tokio::spawn(worker.run(service.stop.requested()));
    let relaying = tokio::spawn(relay.run(settled.requested()));
    let drain = async {
        host.drain().await;
        let worked = working.await;
        settled.request();
        for ended in [worked, relaying.await] {
            if let Err(error) = ended {
                tracing::error!(%error, "a worker ended badly");
            }
        }
    };
    service.serve(routes, readiness, drain).await?;
    Ok(())
}
