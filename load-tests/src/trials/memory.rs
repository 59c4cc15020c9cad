//! What an actor costs while it is in memory, and when it is not any more.

use anyhow::Result;
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;
use virtual_actors::Message;

use super::Figure;
use crate::{api, cpu, world, world::World};

const AT_ONCE: usize = 32;

/// Asks a task's actor, which has to load its state for that.
#[derive(Serialize, Deserialize)]
struct GetTask {
    user: Uuid,
}

impl Message for GetTask {
    const ACTOR: &'static str = "Task";
    const METHOD: &'static str = "get";
    type Reply = Value;
    type Refusal = Value;
}

pub(super) async fn measure(world: &World, count: usize) -> Result<Vec<Figure>> {
    let owner = world.writer(0);
    let first = world.create(owner, &world::task()).await?;
    let tasks = world.database.copy_task(first, count).await?;
    world.database.settled(world.changes()).await?;

    let before = Memory::now(world);
    let (actors, question) = (world.actors(), GetTask { user: owner.id });
    let (actors, question) = (&actors, &question);
    let ask = async |task: Uuid| {
        actors.call(&task.to_string(), question).await.map_err(|error| anyhow::anyhow!("{error:?}"))
    };
    stream::iter(tasks.iter().copied())
        .map(ask)
        .buffer_unordered(AT_ONCE)
        .try_for_each(async |_| Ok(()))
        .await?;
    let active = Memory::now(world);

    // As Dapr does when an actor was idle for long enough.
    for host in world.running.actor_hosts() {
        let let_go = async |task: &Uuid| {
            let request = world.api.at(Method::DELETE, &format!("{host}/actors/Task/{task}"));
            api::answer(request, StatusCode::OK).await
        };
        stream::iter(&tasks).map(let_go).buffer_unordered(AT_ONCE).try_for_each(async |_| Ok(())).await?;
    }
    let passive = Memory::now(world);
    // What it let go it uses again before it asks the system for more.
    stream::iter(tasks.iter().copied())
        .map(ask)
        .buffer_unordered(AT_ONCE)
        .try_for_each(async |_| Ok(()))
        .await?;
    let again = Memory::now(world);

    let each = |more: u64, less: u64| (more as f64 - less as f64) / count as f64;
    let mega = |bytes: u64| bytes as f64 / 1e6;
    Ok(vec![
        Figure::new("the host's resident memory before", "MB", mega(before.host)),
        Figure::new("an active actor in the host", "bytes", each(active.host, before.host)),
        Figure::new("an active actor in the host's sidecar", "bytes", each(active.sidecar, before.sidecar)),
        Figure::new(
            "a passivated actor in the host, what the allocator keeps included",
            "bytes",
            each(passive.host, before.host),
        ),
        Figure::new(
            "growth of the host when all are activated again",
            "bytes an actor",
            each(again.host, active.host),
        ),
    ])
}

/// Resident, of all replicas.
struct Memory {
    host: u64,
    sidecar: u64,
}

impl Memory {
    fn now(world: &World) -> Self {
        let of = |sidecar: bool| {
            let parts = world.running.processes().filter(|(part, _)| part.starts_with("todo-actors"));
            parts
                .filter(|(part, _)| part.ends_with("-sidecar") == sidecar)
                .map(|(_, pid)| cpu::resident(pid))
                .sum()
        };
        Self { host: of(false), sidecar: of(true) }
    }
}
