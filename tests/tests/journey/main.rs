//! The main job, end to end: what a person does over REST, and what comes of it.

mod access;
mod accounts;
mod bulk;
mod calendar;
mod dead_letters;
mod files;
mod filters;
mod kafka;
mod leaving;
mod live;
mod oidc;
mod rates;
mod reminders;
mod sessions;
mod sharing;
mod task_life;
mod trash;
mod views;

use std::process::ExitCode;

use almanac_tests::{Suite, on_each_broker};
use anyhow::Result;
use xtask::{BACKEND, Pubsub, Replicas, Stack, StackOptions};

fn main() -> ExitCode {
    on_each_broker(suite)
}

/// Two backends, so that whatever a person does next may come to the other.
fn options() -> Result<StackOptions> {
    let replicas = Replicas::default().with(BACKEND, 2)?;
    let mut options = StackOptions::for_test_with("journey", &replicas)?;
    options.settings.extend([
        ("RATE_LIMIT_TOKEN", rates::OF_TOKENS.to_string()),
        ("RATE_LIMIT_ADDRESS", rates::OF_ADDRESSES.to_string()),
        // Cases may say whom they come from.
        ("TRUSTED_PROXIES", "1".to_owned()),
    ]);
    oidc::with_provider(options)
}

fn suite(pubsub: Pubsub) -> Suite<Stack> {
    let suite = Suite::on(pubsub, options);
    match pubsub {
        // What no broker has to do with, once.
        Pubsub::Redis => suite
            .case(sessions::the_state_store_keeps_its_contract)
            .case(sessions::a_session_goes_on_over_a_change_of_keys)
            .case(sessions::a_refresh_token_used_again_ends_its_session_at_every_backend)
            .case(views::days_are_those_of_where_a_person_is)
            .case(filters::a_saved_search_is_read_by_its_links_while_tasks_come_and_go)
            .case(bulk::of_many_changes_each_has_its_own_result_and_is_made_once)
            .case(files::what_is_exported_comes_back_as_it_was)
            .case(files::a_list_of_todoist_becomes_tasks_with_subtasks_and_repetitions)
            .case(calendar::a_calendar_program_follows_the_tasks_until_its_address_is_taken_away)
            .case(oidc::who_signs_in_at_a_provider_has_an_account_and_finds_their_tasks_again)
            .case(rates::what_remains_is_told_and_backends_together_give_out_no_more)
            .case(files::a_calendar_of_another_program_reminds_once_however_often_it_is_imported)
            .case(trash::what_comes_out_of_the_trash_reminds_once)
            .case(trash::after_thirty_days_the_daily_job_deletes_for_good),
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
