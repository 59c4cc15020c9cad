//! The wall clock, for log lines and the state file.

use chrono::{DateTime, SecondsFormat, Utc};

#[expect(clippy::disallowed_methods, reason = "a launcher's own log lines carry the real time")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The instant as RFC 3339 with milliseconds, as the other parts' logs have it.
pub(crate) fn timestamp() -> String {
    now().to_rfc3339_opts(SecondsFormat::Millis, true)
}
