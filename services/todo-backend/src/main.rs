//! The REST API. Commands go to actors, queries are SQL over the rows that the actors' turns commit.
//!
//! An endpoint is a file under `routes/`: what it answers, its documentation, its handler, its tests.
//! Handlers take what they need as extractors ([`caller`], [`idempotency`], [`precondition`], [`query`]);
//! bodies are read by [`input`], which tells everything that is wrong at once.

mod access;
mod account_mail;
mod accounts;
mod api_tokens;
mod app;
mod caller;
mod client_address;
mod commands;
mod created;
mod credential;
mod cursor;
mod deletion;
mod email;
mod history;
mod idempotency;
mod input;
mod keys;
mod link;
mod live;
mod new_password;
mod oidc;
mod once;
mod openapi;
mod passwords;
mod precondition;
mod problems;
mod project_commands;
mod project_path;
mod projects;
mod query;
mod rate_limits;
mod refresh_token;
mod routes;
mod saved_filters;
mod scope;
mod sealed;
mod secret;
mod secret_store;
mod sessions;
mod settings;
mod signing_key;
mod slots;
mod subtasks;
mod task_path;
mod task_query;
mod tasks;
#[cfg(test)]
mod test_support;
mod throttle;
mod tokens;
mod totp;
mod trash;
mod zone_moves;

use contracts::{
    project::CreateProject, recurrence::CheckMissed, reminder_schedule::CheckReminders, task::CreateTask,
};
use platform::{Config, Readiness, Service, telemetry, worker};
use virtual_actors::Message;

use crate::{app::App, settings::Settings};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::from_env()?;
    telemetry::init(&config);
    let service = Service::connect(config)?;
    let app = App::new(&service, &Settings::from_env()?)?;

    let reading_keys =
        tokio::spawn(signing_key::keep_reading(service.sidecar.clone(), app.tokens.keys.clone()));
    let keys = app.tokens.keys.clone();
    let readiness = Readiness::new()
        .calls([CreateTask::ACTOR, CreateProject::ACTOR, CheckReminders::ACTOR, CheckMissed::ACTOR])
        .check("signing key", move || std::future::ready(keys.ready()));
    let sweeping = tokio::spawn(routes::keep_sweeping(app.clone()));
    let listening = tokio::spawn(live::listen(app.live.clone(), service.stop.clone()));
    let zones = zone_moves::ZoneMoves(app.clone());
    let moving = tokio::spawn(worker::run(zones, app.zone_moves.clone(), service.stop.requested()));
    let deletions = deletion::Deletions(app.clone());
    let deleting = tokio::spawn(worker::run(deletions, app.deletions.clone(), service.stop.requested()));
    let drain = async move {
        reading_keys.abort();
        listening.abort();
        sweeping.abort();
        // They end after the batch in hand.
        let _ = tokio::join!(moving, deleting);
    };
    service.serve(routes::router(app), readiness, drain).await?;
    Ok(())
}
