//! What a turn may know of the world.

use chrono::{DateTime, Utc};

/// The surroundings of a turn that may write: read-only facts, passed in so that a test can choose them.
#[derive(Debug, Clone, Copy)]
pub struct TurnContext<'a> {
    pub(crate) actor_id: &'a str,
    pub(crate) now: DateTime<Utc>,
    pub(crate) version: i64,
}

impl<'a> TurnContext<'a> {
    /// The id this actor is addressed by.
    pub fn actor_id(&self) -> &'a str {
        self.actor_id
    }

    /// The time of this decision, by the host's clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The version the loaded state has; 0 while nothing was committed.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// The version the state gets if this turn changes it.
    pub fn next_version(&self) -> i64 {
        self.version + 1
    }
}

/// The surroundings of a read-only turn.
#[derive(Debug, Clone, Copy)]
pub struct ReadContext<'a> {
    pub(crate) actor_id: &'a str,
    pub(crate) now: DateTime<Utc>,
    pub(crate) version: i64,
}

impl<'a> ReadContext<'a> {
    /// The id this actor is addressed by.
    pub fn actor_id(&self) -> &'a str {
        self.actor_id
    }

    /// The time of this answer, by the host's clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The version of the state that is read; 0 while nothing was committed.
    pub fn version(&self) -> i64 {
        self.version
    }
}
