//! From what a turn emits to what the outbox holds.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;
use uuid::{Uuid, uuid};

use crate::{
    store::{Destination, Entry, partition_of},
    turn::Outgoing,
};

/// The namespace of the ids of events (UUIDv5).
const EVENTS: Uuid = uuid!("8d0cbb1c-6a0c-5a58-9f0e-3d1f5a2f7c11");

/// The turn that emits.
pub(crate) struct Source<'a> {
    pub(crate) actor_type: &'a str,
    pub(crate) actor_id: &'a str,
    pub(crate) version: i64,
    pub(crate) now: DateTime<Utc>,
    pub(crate) traceparent: Option<&'a str>,
}

impl Source<'_> {
    /// Outbox entries for what a turn emits. Their ids follow from the actor's version, so a turn
    /// that is decided again after a lost race, or published again after a crash, makes no new ones.
    pub(crate) fn entries(&self, outgoing: Vec<Outgoing>) -> Vec<Entry> {
        let partition = partition_of(self.actor_type, self.actor_id);
        outgoing
            .into_iter()
            .enumerate()
            .map(|(index, outgoing)| {
                let name = format!("{}/{}/{}/{index}", self.actor_type, self.actor_id, self.version);
                let event_id = Uuid::new_v5(&EVENTS, name.as_bytes());
                let (destination, body) = self.address(event_id, outgoing);
                Entry { event_id, partition, version: self.version, destination, body }
            })
            .collect()
    }

    /// A CloudEvent 1.0 in JSON format; `sequence` and `partitionkey` are its documented
    /// extensions, `traceparent` is the Distributed Tracing extension.
    fn address(&self, event_id: Uuid, outgoing: Outgoing) -> (Destination, serde_json::Value) {
        match outgoing {
            Outgoing::Tell(tell) => {
                let destination = Destination::Actor {
                    actor_type: tell.actor_type,
                    actor_id: tell.actor_id,
                    method: tell.method,
                };
                (destination, tell.body)
            }
            Outgoing::Event(event) => {
                let key = if event.key.is_empty() { self.actor_id.to_owned() } else { event.key };
                let mut body = json!({
                    "specversion": "1.0",
                    "id": event_id,
                    "source": format!("/actors/{}/{}", self.actor_type, self.actor_id),
                    "type": event.kind,
                    "subject": self.actor_id,
                    "time": self.now.to_rfc3339_opts(SecondsFormat::Millis, true),
                    "datacontenttype": "application/json",
                    "sequence": self.version.to_string(),
                    "partitionkey": key,
                    "data": event.data,
                });
                if let Some(schema) = event.schema {
                    body["dataschema"] = schema.into();
                }
                if let Some(traceparent) = self.traceparent {
                    body["traceparent"] = traceparent.into();
                }
                (Destination::Topic { topic: event.topic.to_owned(), key }, body)
            }
        }
    }
}
