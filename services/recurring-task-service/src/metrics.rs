//! What this service counts, in Prometheus' default registry.

use std::sync::LazyLock;

use prometheus::{IntCounterVec, register_int_counter_vec};

const ONCE: &str = "every metric is registered once, under a valid name";

pub(crate) static EVENTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "recurrence_events_total",
        "Task events, by what became of them: told (to a series), ignored, retried or dropped.",
        &["result"]
    )
    .expect(ONCE)
});

pub(crate) static ATTEMPTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "recurrence_instance_attempts_total",
        "Claimed ledger entries, by what came of the attempt: created, withdrawn, kept, retry or lost.",
        &["result"]
    )
    .expect(ONCE)
});
