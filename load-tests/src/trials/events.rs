//! How long an event is on its way: to the subscriber that keeps the history, and to a client that listens.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Utc};
use reqwest::Response;
use serde::Deserialize;
use tokio::time::timeout;
use virtual_actors::{Clock, System};

use super::Figure;
use crate::{world, world::World};

/// Few enough that none waits for another.
const COUNT: usize = 200;
const PAUSE: Duration = Duration::from_millis(25);
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn measure(world: &World) -> Result<Vec<Figure>> {
    let person = world.register(1).await?.remove(0);
    let stream = world.api.stream("/events")?.bearer_auth(&person.token).send().await?;
    let mut stream = Stream { response: stream.error_for_status()?, rest: String::new() };
    let ready = timeout(PATIENCE, stream.next()).await.context("the stream does not begin")??;
    ensure!(ready.contains("event: ready"), "the stream begins with {ready}");

    let creating = async {
        for _ in 0..COUNT {
            world.create(&person, &world::task()).await?;
            tokio::time::sleep(PAUSE).await;
        }
        Ok::<_, anyhow::Error>(())
    };
    let hearing = async {
        let mut late = Vec::with_capacity(COUNT);
        while late.len() < COUNT {
            let event = timeout(PATIENCE, stream.next()).await.context("an event does not come")??;
            let heard = System.now();
            if let Some(at) = happened(&event)? {
                late.push((heard - at).as_seconds_f64() * 1000.0);
            }
        }
        Ok::<_, anyhow::Error>(late)
    };
    let ((), heard) = tokio::try_join!(creating, hearing)?;
    world.database.settled(world.changes()).await?;
    let recorded: Vec<f64> = sqlx::query_scalar(
        "/* bench */ SELECT extract(epoch FROM recorded_at - at)::float8 * 1000 FROM audit.entry WHERE user_id = $1",
    )
    .bind(person.id)
    .fetch_all(world.database.pool())
    .await?;
    let mut figures = Figure::of_latencies("to its row in the history", recorded)?;
    figures.extend(Figure::of_latencies("to a client that listens", heard)?);
    Ok(figures)
}

/// When a task was created, if the event tells of that.
fn happened(event: &str) -> Result<Option<DateTime<Utc>>> {
    #[derive(Deserialize)]
    struct Data {
        at: DateTime<Utc>,
    }
    if !event.lines().any(|line| line == "event: task.created") {
        return Ok(None);
    }
    let data = event.lines().find_map(|line| line.strip_prefix("data: ")).context("an event without data")?;
    Ok(Some(serde_json::from_str::<Data>(data)?.at))
}

/// Server-sent events.
struct Stream {
    response: Response,
    rest: String,
}

impl Stream {
    async fn next(&mut self) -> Result<String> {
        loop {
            if let Some(end) = self.rest.find("\n\n") {
                return Ok(self.rest.drain(..end + 2).collect());
            }
            let chunk = self.response.chunk().await?.context("the stream ended")?;
            self.rest.push_str(std::str::from_utf8(&chunk)?);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_tells_of_a_new_task_counts() {
        let event = "event: task.created\nid: 1-7\ndata: {\"at\":\"2026-12-01T08:00:00Z\"}\n\n";
        assert_eq!(happened(event).unwrap(), Some("2026-12-01T08:00:00Z".parse().unwrap()));
        assert_eq!(happened(&event.replace("created", "updated")).unwrap(), None);
        assert_eq!(happened(": a comment\n\n").unwrap(), None);
    }
}
