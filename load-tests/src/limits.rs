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

pub(crate) const LIMITS: [Limit; 0] = [];
