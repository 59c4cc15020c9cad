//! W3C Trace Context, carried from the caller through calls and events.

use std::future::Future;

tokio::task_local! {
    static TRACEPARENT: Option<String>;
}

/// Runs `work` under a `traceparent`: calls it makes carry it on.
pub async fn scope<T>(traceparent: Option<String>, work: impl Future<Output = T>) -> T {
    TRACEPARENT.scope(traceparent, work).await
}

/// The `traceparent` this task runs under, if any.
pub fn current() -> Option<String> {
    TRACEPARENT.try_with(Clone::clone).ok().flatten()
}

/// The trace id in a `traceparent`: 32 hexadecimal digits.
pub fn trace_id(traceparent: &str) -> Option<&str> {
    traceparent.split('-').nth(1).filter(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_id_is_read_from_a_traceparent() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(trace_id(parent), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
        assert_eq!(trace_id("00-short-x-01"), None);
        assert_eq!(trace_id(""), None);
    }
}
