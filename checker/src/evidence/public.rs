//! What people see: the public API, asked with each account's own token.

use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{GatherError, http};
use crate::clients::Account;

/// How many questions at once.
const AT_ONCE: usize = 8;

/// What one person sees.
#[derive(Debug, Clone)]
pub struct View {
    pub user: Uuid,
    /// Open, then done.
    pub tasks: Vec<Shown>,
    /// The notifications of the inbox, by id.
    pub inbox: Vec<Uuid>,
    /// For each task asked for, the events of its history.
    pub histories: Vec<(Uuid, Vec<Uuid>)>,
}

/// A task in a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Shown {
    pub id: Uuid,
    pub version: i64,
    pub title: String,
    pub status: String,
}

#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Notified {
    id: Uuid,
}

#[derive(Deserialize)]
struct Event {
    event_id: Uuid,
}

/// A backend of the API, seen by one account.
#[derive(Clone, Copy)]
pub(super) struct Api<'a> {
    pub(super) client: &'a reqwest::Client,
    pub(super) base: &'a str,
    pub(super) account: &'a Account,
}

impl Api<'_> {
    /// All the account sees; histories of these tasks.
    pub(super) async fn view(&self, tasks: &[Uuid]) -> Result<View, GatherError> {
        let mut shown: Vec<Shown> = self.all("/api/v1/tasks", "status=open&").await?;
        shown.extend(self.all::<Shown>("/api/v1/tasks", "status=done&").await?);
        let inbox: Vec<Notified> = self.all("/api/v1/notifications", "").await?;
        let histories = stream::iter(tasks)
            .map(|task| async move {
                let path = format!("/api/v1/tasks/{task}/history");
                let events: Vec<Event> = self.all(&path, "").await?;
                Ok::<_, GatherError>((*task, events.into_iter().map(|event| event.event_id).collect()))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(View {
            user: self.account.user,
            tasks: shown,
            inbox: inbox.into_iter().map(|notified| notified.id).collect(),
            histories,
        })
    }

    /// Every page of a list.
    async fn all<T: DeserializeOwned>(&self, path: &str, filter: &str) -> Result<Vec<T>, GatherError> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let url = format!("{}{path}?{filter}limit=200{cursor}", self.base);
            let page: Page<T> = http::get(self.client, &url, Some(&self.account.token)).await?;
            items.extend(page.items);
            let Some(next) = page.next_cursor else { return Ok(items) };
            cursor = format!("&cursor={next}");
        }
    }
}
