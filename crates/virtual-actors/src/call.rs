//! The envelope of a call to an actor, and of its answer, as they cross the wire.
//!
//! Both travel as JSON bodies, so they do not depend on which headers a sidecar forwards. The
//! answer is always HTTP 200: Dapr takes 404 for "no such method" and hides other bodies.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Identifies a command across its retries: the same id means the same answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommandId(pub Uuid);

/// How long the answer to a command is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Longer than brokers and dead-letter topics can replay it: for a command somebody may repeat.
    #[default]
    Long,
    /// As long as a client's own retries last: for a command nobody else knows the id of.
    Short,
}

impl Keep {
    /// The time itself.
    pub fn duration(self) -> Duration {
        match self {
            Self::Long => Duration::from_secs(30 * 24 * 3600),
            Self::Short => Duration::from_secs(3600),
        }
    }
}

/// A digest of what a client asked, made of nothing but what it sent. The message may hold more than that, such as what
/// the sender looked up, so that two tries of one request need not be the same message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Asked(pub Uuid);

impl Asked {
    /// Of a method: the same words to another one ask for something else.
    pub(crate) fn of_method(self, method: &str) -> Self {
        Self(Uuid::new_v5(&self.0, method.as_bytes()))
    }
}

/// A command's id, how long its answer is kept, and what a client asked by it, if a client did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command {
    pub id: CommandId,
    pub keep: Keep,
    pub asked: Option<Asked>,
}

impl From<CommandId> for Command {
    fn from(id: CommandId) -> Self {
        Self { id, keep: Keep::Long, asked: None }
    }
}

impl Command {
    /// One whose id nobody else knows.
    pub fn fresh(id: CommandId) -> Self {
        Self { id, keep: Keep::Short, asked: None }
    }
}

/// A call to an actor's method.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Without one, the call is not remembered: for reads, and for turns that repeat harmlessly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command_id: Option<CommandId>,
    /// How long the answer is kept.
    #[serde(default)]
    pub keep: Keep,
    /// What a client asked by it; without, the command is known by its message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// Milliseconds the caller still waits. A command that starts later than that is dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// W3C Trace Context of the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The message itself.
    #[serde(default)]
    pub message: Value,
}

/// What a command is known by, so that its id cannot be reused for something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// A hash of method and message.
    pub message: Vec<u8>,
    /// What a client asked.
    pub asked: Option<Asked>,
}

impl Fingerprint {
    /// Of a method and its message.
    pub fn of(method: &str, message: &Value) -> Self {
        let mut hash = Sha256::new();
        hash.update(method.as_bytes());
        hash.update([0]);
        hash.update(message.to_string().as_bytes());
        Self { message: hash.finalize().to_vec(), asked: None }
    }

    /// Whether both are of one command: what a client asked decides, wherever both know it. One that came through an
    /// older version does not, so that the message has to do.
    pub(crate) fn is_of_same(&self, other: &Self) -> bool {
        match (self.asked, other.asked) {
            (Some(one), Some(other)) => one == other,
            _ => self.message == other.message,
        }
    }

    /// Of a call, whose message counts without those of its members.
    pub(crate) fn of_call(method: &str, call: &Call, without: &[&str]) -> Self {
        Self {
            asked: call.asked.map(|asked| asked.of_method(method)),
            ..Self::of_asked(method, &call.message, without)
        }
    }

    /// The same, of a message without those of its members.
    fn of_asked(method: &str, message: &Value, without: &[&str]) -> Self {
        match message {
            Value::Object(members) if without.iter().any(|name| members.contains_key(*name)) => {
                let asked = members.iter().filter(|(name, _)| !without.contains(&name.as_str()));
                Self::of(method, &asked.map(|(name, value)| (name.clone(), value.clone())).collect())
            }
            _ => Self::of(method, message),
        }
    }
}

/// The answer of an actor host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Done, or there was nothing to do.
    Done { reply: Value },
    /// The actor's rules forbid it.
    Refused { refusal: Value },
    /// Not now: the same call, with the same command id, may be tried again.
    Unavailable { detail: String },
    /// The command id was used before, for something else.
    CommandIdReused,
    /// The message is not one this method understands.
    Malformed { detail: String },
    /// The turn failed in a way that a retry does not mend: a panic, or a state that cannot be read.
    Fault { detail: String },
}

impl Outcome {
    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::Unavailable { detail: detail.into() }
    }

    /// Whether it is an answer that was decided and committed, not a failure on the way.
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Refused { .. })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_command_is_the_same_whatever_the_grounds_it_is_sent_on() {
        let of = |message| Fingerprint::of_asked("edit", &message, &["via"]);
        let asked = json!({"user": 1, "title": "x"});
        assert_eq!(of(json!({"user": 1, "via": 7, "title": "x"})), of(asked.clone()));
        assert_eq!(of(asked.clone()), Fingerprint::of("edit", &asked));
        assert_ne!(of(asked), of(json!({"user": 1, "title": "y"})));
    }

    #[test]
    fn what_a_client_asked_decides_where_it_is_known() {
        let of = |title: &str, asked: Option<u128>| Fingerprint {
            asked: asked.map(|asked| Asked(Uuid::from_u128(asked))),
            ..Fingerprint::of("edit", &json!({ "title": title }))
        };
        assert!(of("x", Some(1)).is_of_same(&of("y", Some(1))), "other things were looked up");
        assert!(!of("x", Some(1)).is_of_same(&of("x", Some(2))));
        for (one, other) in [(Some(1), None), (None, Some(1)), (None, None)] {
            assert!(of("x", one).is_of_same(&of("x", other)), "through an older version");
            assert!(!of("x", one).is_of_same(&of("y", other)));
        }
    }
}
