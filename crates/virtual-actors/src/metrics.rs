//! What the runtime counts, in Prometheus' default registry.

use std::sync::LazyLock;

use prometheus::{
    Gauge, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, register_gauge, register_histogram_vec,
    register_int_counter_vec, register_int_gauge, register_int_gauge_vec,
};

const ONCE: &str = "every metric is registered once, under a valid name";

pub(crate) static TURNS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "actor_turns_total",
        "Turns, by actor type, method and outcome.",
        &["actor_type", "method", "outcome"]
    )
    .expect(ONCE)
});

pub(crate) static TURN_SECONDS: LazyLock<HistogramVec> = LazyLock::new(|| {
    register_histogram_vec!(
        "actor_turn_seconds",
        "Time from a call's arrival at the host to its answer, its wait in the mailbox included.",
        &["actor_type"],
        vec![0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]
    )
    .expect(ONCE)
});

pub(crate) static LOST_RACES: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "actor_lost_races_total",
        "Commits refused because another owner had committed first; each is decided again.",
        &["actor_type"]
    )
    .expect(ONCE)
});

pub(crate) static ACTIVATIONS: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    register_int_gauge_vec!("actor_activations", "Activations that live in this process.", &["actor_type"])
        .expect(ONCE)
});

pub(crate) static SHED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "actor_calls_shed_total",
        "Calls turned away because the actor's mailbox was full.",
        &["actor_type"]
    )
    .expect(ONCE)
});

pub(crate) static REMINDERS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "actor_reminder_registrations_total",
        "Reminders set or cleared at Dapr, by result.",
        &["change", "result"]
    )
    .expect(ONCE)
});

pub(crate) static OUTBOX_BACKLOG: LazyLock<IntGauge> = LazyLock::new(|| {
    register_int_gauge!("actor_outbox_backlog_entries", "Outbox entries not yet accepted, of all replicas.")
        .expect(ONCE)
});

pub(crate) static OUTBOX_AGE: LazyLock<Gauge> = LazyLock::new(|| {
    register_gauge!("actor_outbox_oldest_seconds", "Age of the oldest outbox entry not yet accepted.")
        .expect(ONCE)
});

pub(crate) static OUTBOX_SHARES: LazyLock<IntGauge> = LazyLock::new(|| {
    register_int_gauge!("actor_outbox_partitions_held", "Outbox partitions this replica relays.").expect(ONCE)
});

pub(crate) static RELAYED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "actor_outbox_relayed_total",
        "Outbox entries handed over, by destination and result.",
        &["destination", "result"]
    )
    .expect(ONCE)
});
