//! Recurring tasks end to end: one instance follows the other, exactly one, also when the service that sees to
//! it is killed.

mod crashes;
mod life;

use std::process::ExitCode;

use almanac_tests::{Person, Suite, eventually};
use serde_json::{Value, json};
use xtask::{Replicas, Stack, StackOptions};

/// Two, so that one can die while the other works.
const REPLICAS: u16 = 2;

fn main() -> ExitCode {
    let start = async || {
        let replicas = Replicas::default().with("recurring-task-service", REPLICAS)?;
        Stack::start(StackOptions::for_test_with("recurrence", &replicas)?).await
    };
    Suite::new(start)
        .case(life::a_completed_instance_is_followed_by_one_like_it)
        .case(life::reopening_withdraws_the_next_instance_unless_it_was_touched)
        .case(life::a_skipped_instance_is_followed_and_an_ended_series_is_not)
        .case(life::a_preview_needs_no_login)
        .case_alone(crashes::one_next_instance_each_when_a_replica_is_killed)
        .case_alone(crashes::one_next_instance_each_when_all_replicas_and_sidecars_are_killed)
        .at_once(4)
        .run(Stack::stop)
}

/// A task of every Monday at nine in Berlin, from a Monday far ahead.
fn every_monday(title: &str) -> Value {
    json!({
        "title": title, "notes": "Rain water only.", "priority": "high", "tags": ["home"],
        "due": { "at": "2030-01-07T09:00:00", "zone": "Europe/Berlin" },
        "reminders": [{ "before": "PT15M" }],
        "recurrence": { "rrule": "FREQ=WEEKLY;BYDAY=MO" },
    })
}

/// The open instances of a series, in the order of their occurrences.
async fn open_instances(person: &Person, series: &Value) -> Vec<Value> {
    let mut open: Vec<Value> = person.all("/tasks").await;
    open.retain(|task| task["recurrence"]["series_id"] == *series);
    open.sort_by_key(|task| task["recurrence"]["occurrence"].to_string());
    open
}

/// Waits for the one open instance that is not `known`.
async fn next_instance(person: &Person, known: &Value) -> Value {
    let series = &known["recurrence"]["series_id"];
    eventually("the next instance", std::time::Duration::from_secs(60), async || {
        let open = open_instances(person, series).await;
        open.into_iter().find(|task| task["id"] != known["id"])
    })
    .await
}
