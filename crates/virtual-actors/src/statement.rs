//! Turns that are one SQL statement: for actors whose truth is rows of a table, not a state of their own.

use std::time::Duration;

use serde_json::Value;

use crate::turn::ReminderChange;

/// One SQL statement with one jsonb argument that gives one row with one jsonb column.
///
/// It may use `$1` (the actor's id, text), `$2` (`args`, jsonb) and `$3` (the actor's outbox
/// partition, smallint). It must be safe to run any number of times.
#[derive(Debug, Clone)]
pub struct Statement {
    /// A short name, for logs, metrics and the test runtime.
    pub name: &'static str,
    /// The statement's text.
    pub sql: &'static str,
    /// What it is given as `$2`.
    pub args: Value,
}

/// What follows from an executed statement.
#[derive(Debug)]
pub struct Executed<R> {
    /// The answer to the caller.
    pub reply: R,
    /// Dapr reminders to set or clear.
    pub reminders: Vec<ReminderChange>,
    /// Run `method` again after this time, while this activation lives; replaces an earlier timer.
    /// A second clock beside the Dapr reminder: whichever comes first does the work.
    pub timer: Option<Timer>,
    /// Whether outbox rows may have been written, so that the relay looks at once.
    pub emitted: bool,
}

/// An in-process timer of an activation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// From the end of this turn.
    pub after: Duration,
    /// The method to run, with an empty body.
    pub method: &'static str,
}
