//! Somebody with tasks that come again: completes and passes over the open instances, and sometimes changes their
//! mind.

use std::time::Duration;

use anyhow::Result;
use checker::log::Operation;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{Client, Request, id_of, pause};

/// Series somebody has at once.
const MOST: usize = 2;
const POLL: Duration = Duration::from_millis(500);

pub(super) async fn run(mut client: Client, ends: Instant) -> Result<()> {
    let mut series: Vec<String> = Vec::new();
    while Instant::now() < ends {
        if series.len() < MOST {
            series.extend(begin(&mut client).await?);
        }
        let open = client.open_tasks().await.unwrap_or_default();
        let mine = |task: &&Value| series_of(task).is_some_and(|id| series.iter().any(|known| known == id));
        let instances: Vec<Value> = open.iter().filter(mine).cloned().collect();
        match client.one_of(&instances).and_then(|task| Some((id_of(task)?, series_of(task)?.to_owned()))) {
            Some((task, id)) => {
                if client.percent(4) {
                    act(&mut client, Operation::EndRecurrence { task }, task, "/recurrence/end").await?;
                    series.retain(|known| *known != id);
                }
                finish(&mut client, task).await?;
                pause(&mut client, ends).await;
            }
            // The next one is on its way, or the series is over; a new one is begun beside it now and then.
            None => {
                sleep(POLL).await;
                if client.percent(5) {
                    series.clear();
                }
            }
        }
    }
    Ok(())
}

fn series_of(task: &Value) -> Option<&str> {
    task["recurrence"]["series_id"].as_str()
}

/// A series of every day from a day far ahead; some end by themselves.
async fn begin(client: &mut Client) -> Result<Option<String>> {
    let title = client.title();
    let rule = if client.percent(30) { "FREQ=DAILY;COUNT=4" } else { "FREQ=DAILY" };
    let task = json!({
        "title": title,
        "due": { "at": "2040-01-02T09:00:00", "zone": "Europe/Berlin" },
        "recurrence": { "rrule": rule },
    });
    let operation = Operation::Create { title, reminders: vec![], recurrence: Some(rule.into()) };
    let created = client.perform(operation, Request::new(Method::POST, "/tasks").json(task)).await?;
    Ok(created.as_ref().and_then(series_of).map(str::to_owned))
}

/// Completes or skips an instance; now and then takes it back, and completes it again.
async fn finish(client: &mut Client, task: Uuid) -> Result<()> {
    if client.percent(20) {
        return act(client, Operation::Skip { task }, task, "/skip").await;
    }
    act(client, Operation::Complete { task }, task, "/complete").await?;
    if client.percent(15) {
        sleep(Duration::from_millis(client.within(0..1_500))).await;
        act(client, Operation::Reopen { task }, task, "/reopen").await?;
        if client.percent(70) {
            act(client, Operation::Complete { task }, task, "/complete").await?;
        }
    }
    Ok(())
}

async fn act(client: &mut Client, operation: Operation, task: Uuid, rest: &str) -> Result<()> {
    client.perform(operation, Request::of_task(Method::POST, task, rest)).await.map(drop)
}
