//! `todo-actors`: hosts the `Task`, `Project` and `ReminderSchedule` actors, and relays what they commit.
//!
//! There is nothing to decide here: the actors bring their rules, `virtual-actors` runs them, and
//! `platform` starts and stops the process. Add replicas to scale; Dapr spreads the actors.

use anyhow::Context;
use contracts::recurrence::StartSeries;
use platform::{ActorHost, Config, Service, telemetry};
use project_actor::ProjectActor;
use reminder_schedule_actor::ReminderScheduleActor;
use task_actor::TaskActor;
use virtual_actors::Message;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::from_env()?;
    telemetry::init(&config);
    let service = Service::connect(config)?;
    let actors = ActorHost::start(service, |host| {
        host.actor::<TaskActor>().actor::<ProjectActor>().actor::<ReminderScheduleActor>()
    })
    .context("cannot start the actor host")?;
    // Tasks tell their series.
    actors.calls([StartSeries::ACTOR]).serve().await?;
    Ok(())
}
