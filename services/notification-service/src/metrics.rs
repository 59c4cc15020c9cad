//! What this service counts, in Prometheus' default registry.

use std::sync::LazyLock;

use prometheus::{
    Histogram, IntCounter, IntCounterVec, register_histogram, register_int_counter, register_int_counter_vec,
};

const ONCE: &str = "every metric is registered once, under a valid name";

pub(crate) static EVENTS_DROPPED: LazyLock<IntCounter> = LazyLock::new(|| {
    register_int_counter!("notification_events_dropped_total", "Events that made no sense and were dropped.")
        .expect(ONCE)
});

pub(crate) static ATTEMPTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "notification_delivery_attempts_total",
        "Claimed mail deliveries, by what came of the attempt: delivered, superseded, retry, failed or lost.",
        &["result"]
    )
    .expect(ONCE)
});

pub(crate) static DELAY: LazyLock<Histogram> = LazyLock::new(|| {
    register_histogram!(
        "notification_mail_delay_seconds",
        "From the firing of a reminder, or from what an account asked for, to its mail being accepted by the mail server.",
        vec![0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0]
    )
    .expect(ONCE)
});

pub(crate) static LIVE_EVENTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "live_events_total",
        "Task events, by what became of them: told (to somebody), repeated, ignored, retried or dropped.",
        &["result"]
    )
    .expect(ONCE)
});
