//! Where states, answers and outgoing messages are kept: the contract every store keeps.
//!
//! A commit is atomic and fenced: it happens only while the stored version is still the one the
//! turn was decided on, and the command was not answered before.

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    actor::Actor,
    call::{CommandId, Fingerprint, Keep},
    statement::Statement,
};

/// The names a store needs to know of an actor type.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Dapr's actor type.
    pub actor_type: &'static str,
    /// The table of its states.
    pub table: &'static str,
    /// What else is written in a commit.
    pub rows_sql: &'static str,
    /// An expression that refuses what breaks a rule; empty if there is none.
    pub rule_sql: &'static str,
}

impl Kind {
    /// Of an actor type.
    pub fn of<A: Actor>() -> Self {
        Self {
            actor_type: A::TYPE,
            table: A::TABLE,
            rows_sql: A::ROWS.map_or("", |rows| rows.0),
            rule_sql: A::RULE.map_or("", |rule| rule.0),
        }
    }
}

/// What was stored under an actor's id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Loaded {
    /// 0 while nothing was committed.
    pub version: i64,
    /// `None` while nothing was committed.
    pub state: Option<Value>,
    /// The answer the command asked about was given before, if it was.
    pub answered: Option<Answered>,
}

/// An answer that was committed for a command.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// What the command asked.
    pub fingerprint: Fingerprint,
    /// The [`Outcome`](crate::Outcome) it got, as JSON.
    pub outcome: Value,
}

/// Everything one turn commits.
#[derive(Debug, Clone)]
pub struct Commit<'a> {
    /// The actor's id.
    pub actor_id: &'a str,
    /// The version the turn was decided on.
    pub version: i64,
    /// The command to remember, with its answer.
    pub command: Option<Remember>,
    /// What changes; `None` checks the version and remembers the answer only.
    pub change: Option<Changes>,
}

/// An answer to be remembered.
#[derive(Debug, Clone)]
pub struct Remember {
    /// The command.
    pub command: CommandId,
    /// What it asked and what it got.
    pub answered: Answered,
    /// For how long.
    pub keep: Keep,
}

/// The part of a commit that changes something.
#[derive(Debug, Clone)]
pub struct Changes {
    /// The new state.
    pub state: Value,
    /// Events and messages to deliver afterwards, in order.
    pub outbox: Vec<Entry>,
    /// For the actor's own rows.
    pub rows: Value,
}

/// How a commit ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Committed {
    /// All of it is stored, the actor has this version now, and the outbox entries these positions.
    Yes { version: i64, seqs: Vec<i64> },
    /// None of it is stored: somebody else committed first.
    LostRace,
    /// None of it is stored: the command was answered before.
    Answered(Answered),
    /// None of it is stored: it breaks the actor's rule.
    Broken(BrokenRule),
}

/// What a rule in the database said of a commit that would have broken it.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokenRule(pub Value);

/// An outbox entry as a turn writes it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// The event's id, or the command id of a message to an actor. Deterministic.
    pub event_id: Uuid,
    /// Which share of the relay's work it belongs to: the same for all entries of one actor.
    pub partition: i16,
    /// The emitting actor's version with this turn.
    pub version: i64,
    /// Where it goes.
    #[serde(flatten)]
    pub destination: Destination,
    /// The whole CloudEvent, or the message's body.
    pub body: Value,
}

impl Entry {
    pub(crate) fn is_to_actor(&self) -> bool {
        matches!(self.destination, Destination::Actor { .. })
    }
}

/// Where an outbox entry goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(tag = "destination", rename_all = "snake_case")]
pub enum Destination {
    /// A pub/sub topic, with the broker's partition key.
    Topic { topic: String, key: String },
    /// A method of an actor.
    Actor { actor_type: String, actor_id: String, method: String },
}

/// The two ways out of the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// To pub/sub topics.
    Topics,
    /// To actors.
    Actors,
}

/// An outbox entry as the relay reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// Its position; entries of one actor are in the order of its versions.
    pub seq: i64,
    /// What it is.
    pub entry: Entry,
}

/// How much waits in the outbox.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Backlog {
    /// Entries that wait.
    pub entries: i64,
    /// Seconds since the oldest of them was committed.
    pub oldest_seconds: f64,
}

/// Why a store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, or did not answer: the work may or may not have been done.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// It answered that this cannot be done, and a retry does not mend it.
    #[error("the store refused: {0}")]
    Rejected(String),
}

/// States and answers.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Reads an actor's state, and whether `command` was answered before.
    async fn load(
        &self,
        kind: &Kind,
        actor_id: &str,
        command: Option<CommandId>,
    ) -> Result<Loaded, StoreError>;

    /// Reads only the version: whether a state in memory is still current.
    async fn version(&self, kind: &Kind, actor_id: &str) -> Result<i64, StoreError>;

    /// Commits a turn, fenced.
    async fn commit(&self, kind: &Kind, commit: Commit<'_>) -> Result<Committed, StoreError>;

    /// Runs an actor's own statement, atomically.
    async fn execute(&self, kind: &Kind, actor_id: &str, statement: Statement) -> Result<Value, StoreError>;
}

/// The outbox, as the relays of all replicas share it.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Renews this relay's claims and takes its fair share of unclaimed partitions. A claim
    /// runs out by the store's clock, so a frozen relay loses its share to the others.
    async fn claim(&self, relay: Uuid) -> Result<usize, StoreError>;

    /// Gives this relay's partitions back.
    async fn release(&self, relay: Uuid) -> Result<(), StoreError>;

    /// Entries of claimed partitions that are ready, oldest first, without those at the positions
    /// `except`. A message to an actor becomes ready a moment after its commit, for any relay: the
    /// committing host hands it over itself, if it lives.
    async fn ready(
        &self,
        relay: Uuid,
        lane: Lane,
        except: &[i64],
        limit: usize,
    ) -> Result<Vec<Pending>, StoreError>;

    /// These were accepted where they go: remove them.
    async fn accepted(&self, seqs: &[i64]) -> Result<(), StoreError>;

    /// These were not: hold them back for a time that grows with each try.
    async fn deferred(&self, seqs: &[i64]) -> Result<(), StoreError>;

    /// What waits, and for how long.
    async fn backlog(&self) -> Result<Backlog, StoreError>;
}

/// How many shares the outbox is divided into: the most relays that can work at once.
pub const PARTITIONS: i16 = 16;

/// The outbox share of an actor; stable for ever.
pub fn partition_of(actor_type: &str, actor_id: &str) -> i16 {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(format!("{actor_type}/{actor_id}").as_bytes());
    i16::from(digest[0]) % PARTITIONS
}
