//! What requests may cost, in no-op actor calls of the same run.
//!
//! A limit is a promise about the design, not about a machine: it says how many more round trips, commits and
//! processes a request passes than a call that does nothing. Each leaves room for a machine that is busy.

use crate::scenario::Scenario;

/// The most a scenario may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) scenario: Scenario,
    /// In the time of no-op calls.
    pub(crate) most: f64,
    pub(crate) because: &'static str,
}

pub(crate) const LIMITS: [Limit; 6] = [
    Limit {
        scenario: Scenario::NoOpActivating,
        most: 1.5,
        because: "an activation is a mailbox and an entry in a map; its state is loaded by the first turn that needs it",
    },
    Limit {
        scenario: Scenario::Create,
        most: 8.0,
        because: "three round trips to PostgreSQL, one of them a durable commit, then the event's way through the \
                  outbox and the broker into a second commit of the audit log",
    },
    Limit {
        scenario: Scenario::CreateReminding,
        most: 10.0,
        because: "the row of the reminder is in the same commit; poking the clock and setting its Dapr reminder are \
                  shared by all that is waiting",
    },
    Limit {
        scenario: Scenario::Complete,
        most: 8.0,
        because: "what a create does but for loading: its actor is active",
    },
    Limit {
        scenario: Scenario::Get,
        most: 1.0,
        because: "a read activates no actor and passes no sidecar: two lookups by primary key",
    },
    Limit {
        scenario: Scenario::List,
        most: 2.0,
        because: "a read activates no actor and passes no sidecar: one lookup, and 51 rows in the order of an index",
    },
];
