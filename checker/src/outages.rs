//! When something was broken, and the time after it that recovery may take.

use chrono::{DateTime, TimeDelta, Utc};

use crate::clients::Fault;

/// The times of all faults, each longer by the recovery that is granted.
#[derive(Debug)]
pub(crate) struct Outages(Vec<(DateTime<Utc>, DateTime<Utc>)>);

impl Outages {
    pub(crate) fn of(faults: &[Fault], recovery: TimeDelta) -> Self {
        let whole = |fault: &Fault| {
            let end = fault.ended.map_or(DateTime::<Utc>::MAX_UTC, |ended| ended + recovery);
            (fault.began, end)
        };
        Self(faults.iter().map(whole).collect())
    }

    /// Whether any of that time was in an outage.
    pub(crate) fn touch(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> bool {
        self.0.iter().any(|(began, ended)| *began <= until && from <= *ended)
    }
}
