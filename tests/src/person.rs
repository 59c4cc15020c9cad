//! Somebody who uses Almanac.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;
use virtual_actors::{Clock, IdSource, System};
use xtask::Stack;

use crate::{Mail, Mailbox, Request, eventually};

/// How long a busy machine may take for what should be a moment.
const SOON: Duration = Duration::from_secs(30);

/// Somebody with an account of their own.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: Uuid,
    pub email: String,
    token: String,
    backend: String,
    mailbox: Mailbox,
}

impl Person {
    pub const PASSWORD: &str = "correct horse battery";

    /// A new account, in UTC.
    pub async fn register(stack: &Stack) -> Self {
        let (backend, email) = (stack.backend_url(), format!("{}@example.org", System.next_id().simple()));
        let account = json!({ "email": email, "password": Self::PASSWORD, "time_zone": "UTC" });
        let request = Request::new("POST", format!("{backend}/api/v1/auth/register")).json(account);
        let answer = request.key(fresh_key()).until_answered().await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let token = answer.body["access_token"].as_str().expect("a token").to_owned();
        let id = parse(&answer.body["user"]["id"]);
        let mailbox = Mailbox::new(stack, &email);
        Self { id, email, token, backend, mailbox }
    }

    /// The access token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The same person, who asks another address.
    #[must_use]
    pub fn by(&self, backend: String) -> Self {
        Self { backend, ..self.clone() }
    }

    /// A request of this person; `path` is what follows `/api/v1`.
    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, format!("{}/api/v1{path}", self.backend)).token(&self.token)
    }

    /// A request about a task; `rest` follows its path.
    pub fn of_task(&self, method: &str, task: &Value, rest: &str) -> Request {
        self.request(method, &format!("/tasks/{}{rest}", task["id"].as_str().expect("a task")))
    }

    /// Creates a task.
    pub async fn create(&self, task: Value) -> Value {
        let answer = self.request("POST", "/tasks").key(fresh_key()).json(task).until_answered().await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body
    }

    /// Creates a task that is due `seconds` and a minute from now, with a reminder one minute before.
    pub async fn create_reminding_in(&self, title: &str, seconds: i64) -> Value {
        self.create(json!({
            "title": title, "due": due_in(seconds + 60), "reminders": [{ "before": "PT1M" }],
        }))
        .await
    }

    /// Sends a request about a task that must succeed.
    pub async fn act(&self, request: Request) -> Value {
        let answer = request.key(fresh_key()).until_answered().await;
        assert!((200..300).contains(&answer.status), "{answer:?}");
        answer.body
    }

    /// The inbox, newest first.
    pub async fn notifications(&self) -> Vec<Value> {
        self.all("/notifications").await
    }

    /// What is known to have happened to a task, oldest first.
    pub async fn history(&self, task: &Value) -> Vec<Value> {
        self.all(&format!("/tasks/{}/history", task["id"].as_str().expect("a task"))).await
    }

    /// Every item of a list, page by page.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let separator = if path.contains('?') { '&' } else { '?' };
            let page =
                self.request("GET", &format!("{path}{separator}limit=200{cursor}")).until_answered().await;
            assert_eq!(page.status, 200, "{page:?}");
            items.extend(page.body["items"].as_array().expect("items").iter().cloned());
            let Some(next) = page.body["next_cursor"].as_str() else { return items };
            cursor = format!("&cursor={next}");
        }
    }

    /// The text of the one mail with this subject, once it is there.
    pub async fn letter(&self, subject: &str) -> String {
        let texts = eventually(&format!("the mail \"{subject}\""), SOON, async || {
            let texts = self.mailbox.texts(subject).await;
            (!texts.is_empty()).then_some(texts)
        })
        .await;
        assert_eq!(texts.len(), 1, "{texts:?}");
        texts.into_iter().next().expect("one")
    }

    /// The reminders this person got by mail.
    pub async fn mails(&self) -> Vec<Mail> {
        self.mailbox.mails().await
    }

    /// Waits until `count` notifications are there.
    pub async fn notified(&self, count: usize) -> Vec<Value> {
        self.notified_within(count, SOON).await
    }

    /// Waits until `count` notifications are there, so long.
    pub async fn notified_within(&self, count: usize, limit: Duration) -> Vec<Value> {
        eventually(&format!("{count} notifications"), limit, async || {
            let inbox = self.notifications().await;
            (inbox.len() >= count).then_some(inbox)
        })
        .await
    }

    /// Waits until `count` mails are there.
    pub async fn mailed(&self, count: usize) -> Vec<Mail> {
        eventually(&format!("{count} mails"), SOON, async || {
            let mails = self.mails().await;
            (mails.len() >= count).then_some(mails)
        })
        .await
    }

    /// Waits until the history of a task holds `count` entries of each of these types.
    pub async fn history_holds(&self, task: &Value, kinds: &[(&str, usize)]) -> Vec<Value> {
        eventually(&format!("a history with {kinds:?}"), SOON, async || {
            let history = self.history(task).await;
            let of = |kind: &str| history.iter().filter(|entry| entry["type"] == kind).count();
            kinds.iter().all(|(kind, count)| of(kind) >= *count).then_some(history)
        })
        .await
    }
}

/// A key nobody used before.
fn fresh_key() -> String {
    System.next_id().to_string()
}

/// A due time so many seconds from now, the next full second.
pub fn due_in(seconds: i64) -> Value {
    let due = System.now() + TimeDelta::seconds(seconds + 1);
    json!({ "at": due.format("%Y-%m-%dT%H:%M:%S").to_string(), "zone": "UTC" })
}

/// The instant the first reminder of a task fires.
pub fn fires_at(task: &Value) -> DateTime<Utc> {
    parse(&task["reminders"][0]["fires_at"])
}

/// A member that is a string with a type behind it.
fn parse<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value) -> T {
    value.as_str().unwrap_or_else(|| panic!("not a string: {value}")).parse().expect("well written")
}
