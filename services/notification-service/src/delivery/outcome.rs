//! What came of a claimed mail.

use std::time::Duration;

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The mail server accepted it.
    Delivered,
    /// Not sent: no longer worth telling.
    Superseded,
    /// Given up.
    Failed { error: String },
    /// Not accepted; try again after this time.
    Retry { error: String, after: Duration },
}

impl Outcome {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Superseded => "superseded",
            Self::Failed { .. } => "failed",
            Self::Retry { .. } => "retry",
        }
    }

    pub(super) fn error(&self) -> Option<&str> {
        match self {
            Self::Delivered | Self::Superseded => None,
            Self::Failed { error } | Self::Retry { error, .. } => Some(error),
        }
    }
}
