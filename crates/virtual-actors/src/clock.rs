//! Time and ids as arguments, so that a test can choose them.

use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

/// The wall clock.
pub trait Clock: Send + Sync + 'static {
    /// Now, in UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// A source of fresh ids.
pub trait IdSource: Send + Sync + 'static {
    /// A new, time-ordered id (UUIDv7).
    fn next_id(&self) -> Uuid;
}

/// The machine's clock and random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Clock for System {
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> DateTime<Utc> {
        // No finer than what PostgreSQL keeps, so that a time is the same wherever it was written.
        Utc::now().trunc_subsecs(6)
    }
}

impl IdSource for System {
    #[allow(clippy::disallowed_methods, reason = "the one place that makes random ids")]
    fn next_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}
