//! What a person notices when parts of the running system die: at most a short wait.
//!
//! Each case has the system for itself and leaves it ready for the next.

mod broker;
mod commands;
mod deliveries;
mod reminders;

use std::{process::ExitCode, time::Duration};

use almanac_tests::{Suite, eventually, on_each_broker};
use sqlx::{Connection, PgConnection};
use xtask::{Pubsub, Stack, StackOptions};

fn main() -> ExitCode {
    on_each_broker(suite)
}

fn suite(pubsub: Pubsub) -> Suite<Stack> {
    let suite = Suite::on(pubsub, || StackOptions::for_test("faults"))
        .case_alone(deliveries::a_notifier_killed_while_it_delivers_leaves_nobody_untold)
        .case_alone(deliveries::a_broker_that_is_away_delays_events_and_loses_none)
        .case_alone(broker::events_accepted_before_the_broker_was_killed_arrive)
        .case_alone(broker::what_a_subscribers_dead_sidecar_had_in_hand_arrives)
        .case_alone(broker::sidecars_that_start_without_the_broker_serve_and_catch_up)
        .at_once(1);
    match pubsub {
        Pubsub::Kafka => suite,
        Pubsub::Redis => whatever_the_broker(suite),
    }
}

/// Cases that another broker makes no difference to.
fn whatever_the_broker(suite: Suite<Stack>) -> Suite<Stack> {
    suite
        .case_alone(reminders::a_reminder_survives_the_death_of_its_host)
        .case_alone(reminders::a_reminder_whose_time_passes_while_all_is_down_fires_once_afterwards)
        .case_alone(commands::every_answered_command_survives_a_crash_of_the_database)
        // The last one: a killed scheduler keeps no reminders for twenty seconds.
        .case_alone(reminders::a_reminder_is_in_time_without_the_scheduler)
}

/// Waits until all parts are ready, and the relays that live have taken over the shares of those that died.
async fn ready_again(stack: &Stack) {
    /// `todo-actors`, `notification-service` and `recurring-task-service`.
    const RELAYS: i64 = 3;
    let leased = "SELECT count(DISTINCT relay), count(*) FROM actor_outbox_share
                  JOIN actor_relay USING (relay) WHERE leased_until > clock_timestamp()";
    let alive = "SELECT count(*) FROM actor_relay WHERE seen_until > clock_timestamp()";
    stack.until_ready().await.expect("it is ready again");
    let url = stack.database_url().expect("it runs");
    let mut database = PgConnection::connect(url).await.expect("it is ready");
    eventually("all shares to be held by living relays", Duration::from_secs(30), async || {
        let alive: i64 = sqlx::query_scalar(alive).fetch_one(&mut database).await.ok()?;
        let (relays, shares): (i64, i64) = sqlx::query_as(leased).fetch_one(&mut database).await.ok()?;
        (alive == RELAYS && relays == RELAYS && shares == i64::from(virtual_actors::PARTITIONS)).then_some(())
    })
    .await;
}
