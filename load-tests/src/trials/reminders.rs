//! Reminders that come due: of many people in one instant, or so many a second; beside as many of Dapr's own that do
//! nothing.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;
use virtual_actors::{DaprSidecar, IdSource, Message, Sidecar, System};

use super::Figure;
use crate::{api, world::World};

const AT_ONCE: usize = 32;
const GLANCE: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(300);
/// How long the steady rate is kept.
const STEADY: usize = 20;
/// What a busy machine sets a second, at least.
const SET_A_SECOND: usize = 100;

/// What the backend sends for a new task. The people are rows: nobody signs in thirty thousand times.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct CreateTask(Value);

impl Message for CreateTask {
    const ACTOR: &'static str = "Task";
    const METHOD: &'static str = "create";
    type Reply = Value;
    type Refusal = Value;
}

pub(super) async fn at_once(world: &World, count: usize) -> Result<Vec<Figure>> {
    let bare = bare(world, count).await?;
    let at = due_after(world, count).await?;
    set(world, count, |_| at).await?;
    let fired = fired(world, at, at, count).await?;
    Ok(vec![
        Figure::new("until all have fired", "s", fired.all_after).beside(bare),
        Figure::new("until all are in the inbox", "s", fired.all_told_after).beside(bare),
    ])
}

pub(super) async fn steady(world: &World, per_second: usize) -> Result<Vec<Figure>> {
    let count = per_second * STEADY;
    let first = due_after(world, count).await?;
    let at = |number: usize| first + TimeDelta::microseconds((number * 1_000_000 / per_second) as i64);
    set(world, count, at).await?;
    let fired = fired(world, first, at(count), count).await?;
    let mut figures = Figure::of_latencies("lateness of firing", fired.late_ms)?;
    figures.extend(Figure::of_latencies("lateness in the inbox", fired.told_late_ms)?);
    Ok(figures)
}

/// An instant by which so many can be set.
async fn due_after(world: &World, count: usize) -> Result<DateTime<Utc>> {
    Ok(world.database.now().await? + TimeDelta::seconds((10 + count / SET_A_SECOND) as i64))
}

/// One reminder each for as many people.
async fn set(world: &World, count: usize, at: impl Fn(usize) -> DateTime<Utc>) -> Result<()> {
    let people = world.database.copy_account(world.writer(0).id, count).await?;
    let actors = world.actors();
    let actors = &actors;
    let create = async |(person, at): (Uuid, DateTime<Utc>)| {
        let create = CreateTask(json!({
            "owner": person, "title": "Water the plants", "reminders": [{ "at": at }],
            "zone": { "zone": "UTC", "version": 1, "day_start": "09:00:00" },
        }));
        let created = actors.call(&System.next_id().to_string(), &create).await;
        created.map_err(|error| anyhow::anyhow!("cannot create a task: {error:?}"))
    };
    let people = people.into_iter().enumerate().map(|(number, person)| (person, at(number)));
    stream::iter(people).map(create).buffer_unordered(AT_ONCE).try_for_each(async |_| Ok(())).await?;
    world.database.settled(0).await?;
    ensure!(world.database.now().await? < at(0), "the first came due before all were set: take fewer");
    world.database.analyze().await
}

struct Fired {
    /// Seconds after the first came due.
    all_after: f64,
    all_told_after: f64,
    late_ms: Vec<f64>,
    told_late_ms: Vec<f64>,
}

/// Waits until all that came due between the two were told.
async fn fired(world: &World, from: DateTime<Utc>, to: DateTime<Utc>, count: usize) -> Result<Fired> {
    let pool = world.database.pool();
    let told = "/* bench */ SELECT count(*) FROM reminder AS r JOIN notification AS n USING (reminder_id, generation)
         WHERE r.fires_at BETWEEN $1 AND $2";
    let wait = to - world.database.now().await?;
    sleep(wait.to_std().unwrap_or_default()).await;
    let started = Instant::now();
    loop {
        let told: i64 = sqlx::query_scalar(told).bind(from).bind(to).fetch_one(pool).await?;
        if told >= i64::try_from(count)? {
            break;
        }
        ensure!(started.elapsed() < PATIENCE, "{told} of {count} reminders are in an inbox");
        sleep(GLANCE * 3).await;
    }
    let late: Vec<(f64, f64)> = sqlx::query_as(
        "/* bench */ SELECT extract(epoch FROM r.fired_at - r.fires_at)::float8 * 1000,
                extract(epoch FROM n.created_at - r.fires_at)::float8 * 1000
         FROM reminder AS r JOIN notification AS n USING (reminder_id, generation)
         WHERE r.fires_at BETWEEN $1 AND $2",
    )
    .bind(from)
    .bind(to)
    .fetch_all(pool)
    .await?;
    ensure!(late.len() == count, "{} firings of {count} reminders", late.len());
    let (late_ms, told_late_ms): (Vec<f64>, Vec<f64>) = late.into_iter().unzip();
    let longest = |all: &[f64]| all.iter().copied().fold(0.0, f64::max) / 1000.0;
    Ok(Fired { all_after: longest(&late_ms), all_told_after: longest(&told_late_ms), late_ms, told_late_ms })
}

/// Until as many of Dapr's own reminders have been called back, in seconds. Their host knows none of them: it writes a
/// line of its log and answers.
async fn bare(world: &World, count: usize) -> Result<f64> {
    let before = called_back(world).await?;
    let at = due_after(world, count).await?;
    let sidecar = DaprSidecar::new(&world.running.actor_sidecar()?, None, "pubsub")?;
    let sidecar = &sidecar;
    let register =
        async |_: usize| sidecar.set_reminder("Task", &System.next_id().to_string(), "bench", at).await;
    stream::iter(0..count).map(register).buffer_unordered(AT_ONCE).try_for_each(async |()| Ok(())).await?;
    let left = at - world.database.now().await?;
    let due = Instant::now() + left.to_std().context("the first came due before all were set: take fewer")?;
    tokio::time::sleep_until(due).await;
    loop {
        let called = called_back(world).await? - before;
        if called >= count as f64 {
            return Ok(due.elapsed().as_secs_f64());
        }
        ensure!(due.elapsed() < PATIENCE, "{called} of {count} reminders were called back");
        sleep(GLANCE).await;
    }
}

/// By the metrics of the hosts' sidecars.
async fn called_back(world: &World) -> Result<f64> {
    let mut sum = 0.0;
    for metrics in world.running.actor_sidecar_metrics() {
        let text = api::answer(world.api.at(Method::GET, &metrics), StatusCode::OK).await?;
        sum += count_of(&String::from_utf8_lossy(&text));
    }
    Ok(sum)
}

fn count_of(metrics: &str) -> f64 {
    let lines = metrics.lines().filter(|line| line.starts_with("dapr_runtime_actor_reminders_fired_total"));
    let of_tasks =
        lines.filter(|line| line.contains("actor_type=\"Task\"") && line.contains("success=\"true\""));
    of_tasks.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_callbacks_of_tasks_that_succeeded_count() {
        let line = |actor: &str, success: bool, count: u32| {
            format!(
                "dapr_runtime_actor_reminders_fired_total{{actor_type=\"{actor}\",app_id=\"todo-actors\",success=\"{success}\"}} {count}\n"
            )
        };
        let metrics =
            [line("Task", true, 3), line("Task", false, 4), line("ReminderSchedule", true, 5)].concat();
        assert_eq!(count_of(&metrics), 3.0);
    }
}
