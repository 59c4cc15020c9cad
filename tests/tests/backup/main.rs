//! A running system is copied, lives on, and is set back to the copy: what the copy knows has happened once, what came
//! later has not happened, and everything goes on from there.

mod past;
mod restored;

use std::{process::ExitCode, time::Duration};

use almanac_tests::{Suite, on_each_broker};
use serde_json::{Value, json};
use sqlx::PgPool;
use xtask::{Cluster, Process, Stack, StackOptions};

const SOON: Duration = Duration::from_secs(30);

/// All that take events.
const SUBSCRIBERS: [&str; 3] = ["audit-service", "notification-service", "recurring-task-service"];

fn main() -> ExitCode {
    on_each_broker(|pubsub| {
        Suite::on(pubsub, || StackOptions::for_test("backup"))
            .case_alone(restored::a_system_set_back_goes_on_from_its_copy)
            .at_once(1)
    })
}

/// Nothing is taken from the broker until [`resume`]. After a panic they stay down, which nobody notices: the one case
/// has the system for itself.
async fn hold_subscribers(stack: &Stack) {
    for app in SUBSCRIBERS {
        // The app too: its relay would keep its share of an outbox that it cannot hand over.
        for process in [Process::App, Process::Sidecar] {
            stack.part(app, 0, process).expect("it is there").hold_down().await.expect("it ran");
        }
    }
}

async fn resume(stack: &Stack) {
    let broker = stack.broker().expect("it runs");
    broker.resume();
    broker.ready(SOON).await.expect("it starts");
    for app in SUBSCRIBERS {
        for process in [Process::App, Process::Sidecar] {
            let part = stack.part(app, 0, process).expect("it is there");
            part.resume();
            if process == Process::App {
                part.ready(SOON).await.expect("it starts");
            }
        }
    }
    stack.until_ready().await.expect("it is ready again");
}

async fn database(stack: &Stack) -> PgPool {
    PgPool::connect(stack.database_url().expect("it runs")).await.expect("it is ready")
}

fn cluster(stack: &Stack) -> Cluster {
    Cluster::of_running(stack.directory(), stack.ports().postgres).expect("it runs")
}

/// A task of every Monday from one far ahead, without reminders.
fn every_monday(title: &str) -> Value {
    json!({
        "title": title,
        "due": { "at": "2030-01-07T09:00:00", "zone": "Europe/Berlin" },
        "recurrence": { "rrule": "FREQ=WEEKLY;BYDAY=MO" },
    })
}
