//! `audit-service`: the history of everything, appended to and never changed.
//!
//! It subscribes to `task-events` and `audit-logs` ([`record`]) and answers what happened to a task
//! ([`entries`]), to the backend by service invocation. Both are SQL on one table, `audit.entry`, whose
//! trigger refuses any change.

mod entries;
mod record;
#[cfg(test)]
mod testing;

use platform::{Config, Readiness, Service, dead_letters, telemetry};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::from_env()?;
    telemetry::init(&config);
    let service = Service::connect(config)?;
    let routes = record::routes(service.pool.clone())
        .merge(entries::routes(service.pool.clone()))
        .merge(dead_letters::routes(&service));
    service.serve(routes, Readiness::new(), async {}).await?;
    Ok(())
}
