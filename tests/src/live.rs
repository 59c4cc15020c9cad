//! A client that follows live events.

use std::time::Duration;

use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

use crate::Person;

/// A comment comes every 15 s.
const SILENCE: Duration = Duration::from_secs(45);

/// One stream after the other: each goes on where the one before ended.
pub struct LiveEvents {
    stream: Response,
    text: String,
    last_id: String,
}

/// An event as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveEvent {
    pub kind: String,
    pub data: Value,
}

impl LiveEvents {
    /// Connects, and waits until nothing can be missed any more.
    pub async fn of(person: &Person) -> Self {
        let stream = person.request("GET", "/events").open().await.expect("it is answered");
        assert_eq!(stream.status(), 200);
        let mut live = Self { stream, text: String::new(), last_id: String::new() };
        let first = live.next().await.expect("an event");
        assert_eq!(first.kind, "ready");
        live
    }

    /// Connects again, maybe by another address of this person.
    pub async fn resume(&mut self, person: &Person) {
        let request = person.request("GET", "/events").header("last-event-id", &self.last_id);
        self.stream = request.open().await.expect("it is answered");
        assert_eq!(self.stream.status(), 200);
        self.text.clear();
    }

    /// The next event; none when the stream has ended or broken.
    pub async fn next(&mut self) -> Option<LiveEvent> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    block
                        .lines()
                        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                        .unwrap_or_default()
                };
                let event = LiveEvent {
                    kind: field("event").to_owned(),
                    data: serde_json::from_str(field("data")).unwrap_or(Value::Null),
                };
                let id = field("id").to_owned();
                self.text = rest.to_owned();
                if !event.kind.is_empty() {
                    self.last_id = id;
                    return Some(event);
                }
            }
            let chunk = timeout(SILENCE, self.stream.chunk()).await.expect("at least a comment");
            self.text.push_str(std::str::from_utf8(&chunk.ok()??).expect("a text"));
        }
    }
}
