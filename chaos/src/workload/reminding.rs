//! Somebody with many reminders, who moves, clears or finishes some just before they fire.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use anyhow::Result;
use checker::log::{AskedReminder, Operation};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;
use virtual_actors::{Clock, System};

use super::{Client, Request, id_of};

/// Reminders of one task.
const EACH: usize = 10;
/// They fire from so many seconds after they are asked for, over this time.
const SOONEST: u64 = 4;
const SPREAD: u64 = 80;
/// Of a hundred tasks so many are changed before all their reminders have fired; so many more are asked for.
const CHANGED: u32 = 40;
const SURPLUS: f64 = 1.35;

/// Something to do to a task, and when.
type Intent = Reverse<(Instant, Uuid)>;

/// Asks for enough that `firings` fire, spread until the end.
pub(super) async fn run(mut client: Client, firings: usize, ends: Instant) -> Result<()> {
    let tasks = ((firings as f64 * SURPLUS) / EACH as f64).ceil().max(1.0) as u32;
    let spacing = ends.saturating_duration_since(Instant::now()) / (tasks + 1);
    let mut intents: BinaryHeap<Intent> = BinaryHeap::new();
    let (mut asked, mut next) = (0, Instant::now());
    while Instant::now() < ends {
        let intended = intents.peek().map(|Reverse((at, _))| *at);
        let creation = (asked < tasks).then_some(next);
        let Some(at) = [intended, creation].into_iter().flatten().min() else { break };
        sleep_until(at.min(ends)).await;
        if Instant::now() >= ends {
            break;
        }
        if creation == Some(at) {
            (asked, next) = (asked + 1, next + spacing);
            intents.extend(ask(&mut client, ends).await?);
        } else if let Some(Reverse((_, task))) = intents.pop() {
            change(&mut client, task, ends).await?;
        }
    }
    Ok(())
}

/// A task with reminders; what is to be done to it later, if anything.
async fn ask(client: &mut Client, ends: Instant) -> Result<Option<Intent>> {
    let (title, times) = (client.title(), times(client, ends));
    let body = json!({ "title": title, "reminders": as_json(&times) });
    let operation = Operation::Create { title, reminders: as_asked(&times), recurrence: None };
    let created = client.perform(operation, Request::new(Method::POST, "/tasks").json(body)).await?;
    let Some(task) = created.as_ref().and_then(id_of) else { return Ok(None) };
    if !client.percent(CHANGED) {
        return Ok(None);
    }
    // Just before one of them fires: who comes first is open.
    let Some(fires_at) = client.one_of(&times).copied() else { return Ok(None) };
    let wait = (fires_at - System.now()).to_std().unwrap_or_default();
    let before = Duration::from_millis(client.within(0..400));
    Ok(Some(Reverse((Instant::now() + wait.saturating_sub(before), task))))
}

async fn change(client: &mut Client, task: Uuid, ends: Instant) -> Result<()> {
    let patch = |body| Request::of_task(Method::PATCH, task, "").json(body);
    let (operation, request) = match client.within(0..4) {
        0 => (Operation::Complete { task }, Request::of_task(Method::POST, task, "/complete")),
        1 => (Operation::Delete { task }, Request::of_task(Method::DELETE, task, "")),
        number => {
            let times = if number == 2 { Vec::new() } else { times(client, ends) };
            let title = client.title();
            let body = json!({ "title": title, "reminders": as_json(&times) });
            let reminders = Some(as_asked(&times));
            let operation = Operation::Edit { task, title: Some(title), reminders, changes_series: false };
            (operation, patch(body))
        }
    };
    client.perform(operation, request).await.map(drop)
}

/// Instants for the reminders of one task, no two the same, none after the end.
fn times(client: &mut Client, ends: Instant) -> Vec<DateTime<Utc>> {
    let now = System.now().trunc_subsecs(3);
    let left = ends.saturating_duration_since(Instant::now()).as_secs();
    let slots = left.saturating_sub(SOONEST).clamp(EACH as u64, SPREAD) * 1_000 / EACH as u64;
    (0..EACH as u64)
        .map(|slot| SOONEST * 1_000 + slot * slots + client.within(0..slots))
        .map(|milliseconds| now + TimeDelta::milliseconds(milliseconds as i64))
        .collect()
}

fn as_json(times: &[DateTime<Utc>]) -> Value {
    times.iter().map(|at| json!({ "at": at })).collect()
}

fn as_asked(times: &[DateTime<Utc>]) -> Vec<AskedReminder> {
    times.iter().copied().map(AskedReminder::At).collect()
}
