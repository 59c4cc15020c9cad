//! The main job, end to end: what a person does over REST, and what comes of it.

mod access;
mod accounts;
mod dead_letters;
mod kafka;
mod leaving;
mod live;
mod reminders;
mod sessions;
mod sharing;
mod task_life;

use std::process::ExitCode;

use almanac_tests::{Suite, on_each_broker};
use xtask::{Pubsub, Stack, StackOptions};

fn main() -> ExitCode {
    on_each_broker(suite)
}

fn suite(pubsub: Pubsub) -> Suite<Stack> {
    let suite = Suite::on(pubsub, || StackOptions::for_test("journey"));
    match pubsub {
        // What no broker has to do with, once.
        Pubsub::Redis => suite
            .case(sessions::the_state_store_keeps_its_contract)
            .case(sessions::a_session_goes_on_over_a_change_of_keys),
        Pubsub::Kafka => suite.case(kafka::the_events_of_a_task_lie_in_one_partition),
    }
    .case(dead_letters::an_event_nobody_can_take_holds_up_no_other_and_comes_through_when_mended)
    .case(dead_letters::what_is_no_event_at_all_is_kept)
    .case(reminders::a_reminder_arrives_once_in_time_and_is_in_the_history)
    .case(reminders::an_absolute_reminder_in_the_past_fires_at_once_and_says_how_late)
    .case(reminders::many_reminders_of_one_instant_arrive_once_each)
    .case(reminders::a_clock_with_nothing_due_is_still)
    .case(live::a_change_is_told_to_connected_clients_within_a_second)
    .case(task_life::a_task_that_is_done_or_deleted_does_not_remind)
    .case(task_life::a_moved_task_reminds_at_its_new_time_only)
    .case(task_life::a_reopened_task_reminds_again)
    .case(task_life::a_reminder_that_fired_fires_again_when_moved)
    .case(access::a_retry_under_its_key_is_the_same_task)
    .case(access::nobody_reaches_what_is_not_theirs)
    .case(access::an_account_signs_in_again)
    .case(sharing::a_project_is_shared_as_its_owner_says_and_no_longer)
    .case(accounts::an_address_is_confirmed_and_a_forgotten_password_replaced_by_mail)
    .case(leaving::a_deleted_account_is_gone_and_its_address_free)
    // They wait for the time of a reminder.
    .at_once(12)
}
