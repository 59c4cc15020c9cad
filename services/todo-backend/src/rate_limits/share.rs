//! What one replica may give out of one window, and how it is taken from what all may.

use serde::{Deserialize, Serialize};

/// What a replica gives out before it asks for a portion: one in fifty.
pub(super) fn free(limit: u32) -> u32 {
    (limit / 50).max(1)
}

/// What a replica takes at once: one in twenty.
pub(super) fn portion(limit: u32) -> u32 {
    (limit / 20).max(1)
}

/// How much of a window all replicas have taken, as stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counter {
    taken: u32,
}

impl Counter {
    /// Counts what was given out without asking, and takes a portion of what is left then.
    pub(super) fn give(self, limit: u32, unreported: u32) -> (Self, u32) {
        let taken = self.taken.saturating_add(unreported);
        let portion = portion(limit).min(limit.saturating_sub(taken));
        (Self { taken: taken.saturating_add(portion) }, portion)
    }

    pub(super) fn left(self, limit: u32) -> u32 {
        limit.saturating_sub(self.taken)
    }
}

/// A replica's share of a window, for one key.
#[derive(Debug, Default)]
pub(super) struct Share {
    used: u32,
    /// Beyond what is free.
    received: u32,
    source: Source,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Source {
    /// It has not asked yet.
    #[default]
    Free,
    /// So much was left for all when it last asked.
    Counter { left: u32 },
    /// The counter could not be asked.
    Alone,
}

impl Share {
    /// Whether the next request needs a portion first.
    pub(super) fn must_ask(&self, limit: u32) -> bool {
        let more = match self.source {
            Source::Free => true,
            Source::Counter { left } => left > 0,
            Source::Alone => false,
        };
        more && self.used >= self.granted(limit)
    }

    /// What was given out and is in no counter yet.
    pub(super) fn unreported(&self, limit: u32) -> u32 {
        if self.source == Source::Free { free(limit) } else { 0 }
    }

    pub(super) fn receive(&mut self, portion: u32, left: u32) {
        self.received = self.received.saturating_add(portion);
        self.source = Source::Counter { left };
    }

    pub(super) fn count_alone(&mut self) {
        self.source = Source::Alone;
    }

    /// Counts a request, if it may be.
    pub(super) fn take(&mut self, limit: u32) -> bool {
        let allowed = self.used < self.granted(limit);
        self.used += u32::from(allowed);
        allowed
    }

    pub(super) fn remaining(&self, limit: u32) -> u32 {
        let own = self.granted(limit).saturating_sub(self.used);
        match self.source {
            Source::Free => limit.saturating_sub(self.used),
            Source::Counter { left } => own.saturating_add(left),
            Source::Alone => own,
        }
    }

    fn granted(&self, limit: u32) -> u32 {
        match self.source {
            Source::Alone => limit,
            Source::Free | Source::Counter { .. } => free(limit).min(limit).saturating_add(self.received),
        }
    }
}
