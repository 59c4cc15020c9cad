//! Somebody who writes, changes and finishes tasks: alone with their own, or with others at the same ones.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use checker::log::Operation;
use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use super::{Client, Request, id_of, pause};

/// Tasks somebody has at once.
const MOST: usize = 8;

/// The only client of its tasks.
pub(super) async fn run(mut client: Client, ends: Instant) -> Result<()> {
    let mut tasks: Vec<Uuid> = Vec::new();
    while Instant::now() < ends {
        match client.one_of(&tasks).copied() {
            Some(task) if tasks.len() >= MOST || !client.percent(20) => change(&mut client, task).await?,
            _ => tasks.extend(create(&mut client).await?),
        }
        if tasks.len() >= MOST && client.percent(3) {
            tasks.remove(0);
        }
        pause(&mut client, ends).await;
    }
    Ok(())
}

/// Tasks of several clients.
pub(super) type Shared = Arc<Mutex<Vec<Uuid>>>;

/// One of several clients of the same tasks.
pub(super) async fn share(mut client: Client, shared: Shared, ends: Instant) -> Result<()> {
    while Instant::now() < ends {
        let tasks = shared.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match client.one_of(&tasks).copied() {
            Some(task) if tasks.len() >= MOST / 2 || !client.percent(20) => change(&mut client, task).await?,
            _ => {
                let created = create(&mut client).await?;
                shared.lock().unwrap_or_else(PoisonError::into_inner).extend(created);
            }
        }
        pause(&mut client, ends).await;
    }
    Ok(())
}

async fn create(client: &mut Client) -> Result<Option<Uuid>> {
    let title = client.title();
    let request = Request::new(Method::POST, "/tasks").json(json!({ "title": title, "tags": ["chaos"] }));
    let created = client.perform(Operation::create(title), request).await?;
    Ok(created.as_ref().and_then(id_of))
}

async fn change(client: &mut Client, task: Uuid) -> Result<()> {
    let post = |rest| Request::of_task(Method::POST, task, rest);
    let (operation, request) = match client.within(0..100) {
        0..45 => {
            let title = client.title();
            let request = Request::of_task(Method::PATCH, task, "").json(json!({ "title": title }));
            (Operation::retitle(task, title), request)
        }
        45..57 => (Operation::Complete { task }, post("/complete")),
        57..69 => (Operation::Reopen { task }, post("/reopen")),
        69..74 => (Operation::Delete { task }, Request::of_task(Method::DELETE, task, "")),
        74..82 => (Operation::Restore { task }, post("/restore")),
        _ => (Operation::Read { task }, Request::of_task(Method::GET, task, "")),
    };
    client.perform(operation, request).await.map(drop)
}
