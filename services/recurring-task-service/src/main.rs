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

use anyhow::Context;
use platform::{ActorHost, Config, Service, dead_letters, telemetry};
use recurrence_actor::RecurrenceActor;

use crate::instances::{Backend, Worker};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::from_env()?;
    telemetry::init(&config);
    let service = Service::connect(config)?;

    let actors = ActorHost::start(service.clone(), |host| host.actor::<RecurrenceActor>())
        .context("cannot start the actor host")?;

    let worker = Worker::new(service.pool.clone(), Backend::new(service.services.clone()), actors.relay());
    let routes = task_events::routes(service.pool.clone(), service.actors.clone(), worker.handle())
        .merge(series::routes(service.pool.clone(), service.actors.clone()))
        .merge(dead_letters::routes(&service));
    actors.worker(worker.run(service.stop.requested())).routes(routes).serve().await?;
    Ok(())
}
