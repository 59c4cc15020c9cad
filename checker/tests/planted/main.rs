//! The checker against planted faults: on a small history that is as it should be it finds nothing, and after
//! one thing was broken it finds that, and nothing else.
#![allow(clippy::unwrap_used, reason = "unwrapping is how a test fails")]

mod commands;
mod events;
mod history;
mod leftovers;
mod mailbox;
mod notifications;
mod program;
mod reminders;
mod series;
mod server;
mod world;

use world::World;

#[sqlx::test(migrations = false)]
async fn a_consistent_history_breaks_no_rule(pool: sqlx::PgPool) {
    let world = World::consistent(&pool).await;
    assert_eq!(world.broken().await, []);
}
