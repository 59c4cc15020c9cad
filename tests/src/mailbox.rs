//! What the SMTP sink holds for somebody.

use chrono::{DateTime, Utc};
use serde_json::Value;
use xtask::Stack;

use crate::Request;

/// One address at mailpit.
#[derive(Clone, Debug)]
pub struct Mailbox {
    mailpit: String,
    address: String,
}

/// A mail that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub message_id: String,
    pub subject: String,
    /// When the sink took it.
    pub at: DateTime<Utc>,
}

impl Mailbox {
    pub fn new(stack: &Stack, address: &str) -> Self {
        Self { mailpit: stack.mailpit_url(), address: address.to_owned() }
    }

    /// All reminders that were mailed to this address.
    pub async fn mails(&self) -> Vec<Mail> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.all()
            .await
            .iter()
            .filter(|mail| !text(&mail["MessageID"]).trim_start_matches('<').starts_with("account-"))
            .map(|mail| Mail {
                message_id: text(&mail["MessageID"]),
                subject: text(&mail["Subject"]),
                at: text(&mail["Created"]).parse().expect("RFC 3339"),
            })
            .collect()
    }

    /// The texts of the mails with this subject.
    pub async fn texts(&self, subject: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for mail in self.all().await.iter().filter(|mail| mail["Subject"] == subject) {
            let id = mail["ID"].as_str().expect("an id");
            let url = format!("{}/api/v1/message/{id}", self.mailpit);
            let message = Request::new("GET", url).send().await;
            texts.push(message.body["Text"].as_str().expect("a text").to_owned());
        }
        texts
    }

    async fn all(&self) -> Vec<Value> {
        let url = format!("{}/api/v1/search?limit=1000&query=to:{}", self.mailpit, self.address);
        let answer = Request::new("GET", url).send().await;
        answer.body["messages"].as_array().cloned().unwrap_or_default()
    }
}
