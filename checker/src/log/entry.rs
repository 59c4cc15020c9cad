//! The lines of the log.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Answer, Operation};

/// One line: when, and what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// By the clients' clock.
    pub at: DateTime<Utc>,
    /// Microseconds since the log began, by a clock that never goes back; the order of what happened.
    pub us: u64,
    #[serde(flatten)]
    pub entry: Entry,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    Began(Run),
    /// An account the run made; its token is for the checker to read what the account may see.
    Registered {
        user: Uuid,
        email: String,
        token: String,
    },
    /// A client means to do something; nothing was sent yet.
    Started {
        operation: u64,
        #[serde(flatten)]
        client: Client,
        key: Option<String>,
        /// The version in `If-Match`.
        if_version: Option<i64>,
        #[serde(flatten)]
        what: Operation,
    },
    /// Numbered from 1 for each operation.
    Sent {
        operation: u64,
        attempt: u32,
    },
    Answered {
        operation: u64,
        attempt: u32,
        #[serde(flatten)]
        answer: Answer,
    },
    /// No answer: nobody knows whether it was carried out.
    Failed {
        operation: u64,
        attempt: u32,
        why: Failure,
        detail: String,
    },
    /// The client sends it no more, whatever became of it.
    GivenUp {
        operation: u64,
    },
    FaultBegan {
        fault: u64,
        kind: String,
        part: String,
    },
    /// The part is as it was, as far as the one who broke it knows.
    FaultEnded {
        fault: u64,
    },
    /// Where a replica that hosts actors had its metrics, and whether it still lives at the end of the run.
    Replica {
        part: String,
        metrics: String,
        live: bool,
    },
    Ended,
}

/// The run as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub seed: u64,
    /// `redis` or `kafka`.
    pub broker: String,
    /// What to type to do the same again.
    pub command: String,
    /// Base URL of each backend, such as `http://127.0.0.1:8000`.
    pub api: Vec<String>,
    /// Base URL of mailpit.
    pub mail: Option<String>,
}

/// Who sends; `name` tells apart clients of one person.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Client {
    #[serde(rename = "client")]
    pub name: String,
    pub user: Uuid,
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    Timeout,
    /// Refused, reset, or closed before the answer was whole.
    Connection,
}
