//! What people do while things break. Each client is a task of its own with its own random numbers, made of the
//! seed; it does one thing after the other, and logs what it sends and what it is answered.
//!
//! A client of another kind is a file in `workload/` with an `async fn run`, and a line in [`run`].

mod client;
mod editor;
mod registration;
mod reminding;
mod series;

use std::time::Duration;

use anyhow::Result;
use checker::log::Writer;
use futures::future::{join_all, try_join_all};
use rand::{SeedableRng, rngs::StdRng};
use tokio::time::Instant;
use uuid::Uuid;

use client::{Client, Request};
pub(crate) use registration::Person;

/// How much is to be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Volume {
    /// Firings there shall be at least, over the whole run.
    pub(crate) reminders: usize,
    pub(crate) ends: Instant,
}

/// Registers the people.
pub(crate) async fn register(
    backends: &[String],
    log: &Writer,
    seed: u64,
    people: usize,
) -> Result<Vec<Person>> {
    let register = |number| Person::register(backends, log, seed, number);
    try_join_all((0..people).map(register)).await
}

/// Lets all clients work until the end, and ends what each has begun.
pub(crate) async fn run(people: &[Person], seed: u64, volume: Volume) -> Result<()> {
    /// Clients who write to the same tasks.
    const SHARING: usize = 3;
    let Volume { reminders, ends, .. } = volume;
    let each = reminders.div_ceil(people.len().max(1));
    let (mut number, mut clients) = (seed, Vec::new());
    let mut client = |person: &Person, name: &str| {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        Client::new(person, name, StdRng::seed_from_u64(number))
    };
    for (index, person) in people.iter().enumerate() {
        clients.push(tokio::spawn(editor::run(client(person, "editor"), ends)));
        clients.push(tokio::spawn(reminding::run(client(person, "reminding"), each, ends)));
        if index % 2 == 0 {
            clients.push(tokio::spawn(series::run(client(person, "series"), ends)));
        }
        if index % 4 == 1 {
            let tasks = editor::Shared::default();
            for number in 0..SHARING {
                let client = client(person, &format!("sharing {number}"));
                clients.push(tokio::spawn(editor::share(client, tasks.clone(), ends)));
            }
        }
    }
    join_all(clients).await.into_iter().try_for_each(|ended| ended?)
}

/// A pause of a person who is thinking.
async fn pause(client: &mut Client, ends: Instant) {
    let milliseconds = client.within(400..2_000);
    tokio::time::sleep_until(ends.min(Instant::now() + Duration::from_millis(milliseconds))).await;
}

/// The id of a task in an answer.
fn id_of(task: &serde_json::Value) -> Option<Uuid> {
    task["id"].as_str()?.parse().ok()
}
