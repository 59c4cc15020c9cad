//! What a turn gives back: an answer, and what is to be committed with it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::actor::{Actor, Message};

/// The result of a decision. The host commits all of it in one transaction, or none of it.
#[derive(Debug)]
pub struct Turn<A: Actor, R> {
    pub(crate) reply: R,
    pub(crate) change: Option<Change<A>>,
}

/// A new state and all that must become true together with it.
#[derive(Debug)]
pub(crate) struct Change<A: Actor> {
    pub(crate) state: A::State,
    pub(crate) outgoing: Vec<Outgoing>,
    pub(crate) rows: Value,
}

impl<A: Actor, R> Turn<A, R> {
    /// Nothing to do. The answer still holds only if the version still matches at its commit.
    pub fn unchanged(reply: R) -> Self {
        Self { reply, change: None }
    }

    /// The same turn with another answer made of this one.
    pub fn map<T>(self, reply: impl FnOnce(R) -> T) -> Turn<A, T> {
        Turn { reply: reply(self.reply), change: self.change }
    }

    /// A new state, with an answer.
    pub fn changed(state: A::State, reply: R) -> ChangedTurn<A, R> {
        ChangedTurn { reply, change: Change { state, outgoing: Vec::new(), rows: Value::Null } }
    }
}

/// A turn under construction that changes the state: only such a turn can emit.
#[derive(Debug)]
pub struct ChangedTurn<A: Actor, R> {
    reply: R,
    change: Change<A>,
}

impl<A: Actor, R> ChangedTurn<A, R> {
    /// Publishes an event after the commit, at least once.
    #[must_use]
    pub fn event(mut self, event: Event) -> Self {
        self.change.outgoing.push(Outgoing::Event(event));
        self
    }

    /// Publishes several events, in this order.
    #[must_use]
    pub fn events(mut self, events: impl IntoIterator<Item = Event>) -> Self {
        self.change.outgoing.extend(events.into_iter().map(Outgoing::Event));
        self
    }

    /// Sends a message to another actor after the commit, at least once. The answer is not waited
    /// for: a refusal is an answer too and ends the delivery.
    #[must_use]
    pub fn tell<M: Message>(mut self, actor_id: impl Into<String>, message: &M) -> Self {
        // Messages are plain data; one that cannot be JSON could not cross the wire either.
        let body = serde_json::to_value(message).unwrap_or(Value::Null);
        self.change.outgoing.push(Outgoing::Tell(Tell {
            actor_type: M::ACTOR.to_owned(),
            actor_id: actor_id.into(),
            method: M::METHOD.to_owned(),
            body,
        }));
        self
    }

    /// What the actor's [`RowsSql`](crate::RowsSql) is given as `$8`.
    #[must_use]
    pub fn rows(mut self, rows: Value) -> Self {
        self.change.rows = rows;
        self
    }
}

impl<A: Actor, R> From<ChangedTurn<A, R>> for Turn<A, R> {
    fn from(turn: ChangedTurn<A, R>) -> Self {
        Self { reply: turn.reply, change: Some(turn.change) }
    }
}

/// Something that leaves the actor after its commit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outgoing {
    Event(Event),
    Tell(Tell),
}

/// An event to publish as a CloudEvent 1.0. Its id is made of actor type, id, version and position.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub(crate) topic: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) key: String,
    pub(crate) schema: Option<&'static str>,
    pub(crate) data: Value,
}

impl Event {
    /// An event for `topic`, of CloudEvents type `kind`.
    ///
    /// # Errors
    /// When `data` cannot be written as JSON (a map with keys that are no strings, for one).
    pub fn new(
        topic: &'static str,
        kind: &'static str,
        data: &impl Serialize,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self { topic, kind, key: String::new(), schema: None, data: serde_json::to_value(data)? })
    }

    /// The URI of its data's schema (CloudEvents' `dataschema`).
    #[must_use]
    pub fn dataschema(mut self, uri: &'static str) -> Self {
        self.schema = Some(uri);
        self
    }

    /// The broker's partition key; the actor's id unless said otherwise.
    #[must_use]
    pub fn keyed_by(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }
}

/// A message to another actor that rides in the outbox.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tell {
    pub(crate) actor_type: String,
    pub(crate) actor_id: String,
    pub(crate) method: String,
    pub(crate) body: Value,
}

/// A Dapr reminder an actor wants: one shot, at an absolute time, retried until it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// Unique within the actor; URL-safe.
    pub name: String,
    /// When it fires. In the past means at once.
    pub due: DateTime<Utc>,
}

/// What is to be done to a Dapr reminder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReminderChange {
    /// Register, or move if one of this name exists.
    Set(Reminder),
    /// Unregister, by name.
    Clear(String),
}
