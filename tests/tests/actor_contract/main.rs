//! What an actor host promises, on real daprd, placement, scheduler, PostgreSQL and Redis.
//!
//! Two hosts serve one app-id from this process, each with its own sidecar and relay. Every call can also be
//! made to either of them directly, so that both believe they own the actor.

mod broker;
mod contract;
mod crashes;
mod placement;
mod reminders;
mod turns;

use std::process::ExitCode;

use almanac_tests::{ActorHosts, DoomedHost, Suite};

fn main() -> ExitCode {
    DoomedHost::become_one_if_asked().expect("it can be a host");
    Suite::new(ActorHosts::start)
        .case_alone(contract::the_contract_holds)
        .case_alone(turns::a_thousand_concurrent_increments_are_a_thousand)
        .case_alone(turns::a_turn_runs_to_its_end_though_its_caller_goes_away)
        .case_alone(turns::an_overloaded_actor_sheds_calls_and_loses_none_it_took)
        .case_alone(turns::a_panic_is_an_answer_and_the_next_turn_runs)
        .case_alone(placement::dapr_is_told_what_is_hosted)
        .case_alone(placement::a_deactivated_actor_loads_again)
        .case_alone(placement::the_actors_of_a_dead_sidecar_move)
        .case_alone(broker::a_broker_that_is_down_stops_no_actor)
        .case_alone(broker::the_share_of_a_dead_relay_is_taken_over)
        .case_alone(crashes::a_process_killed_before_its_commit_leaves_nothing)
        .case_alone(crashes::a_process_killed_after_its_commit_leaves_its_event)
        .case_alone(placement::calls_go_on_when_placement_was_killed)
        .case_alone(reminders::a_reminder_whose_turn_fails_is_sent_again)
        .case_alone(reminders::a_reminder_outlives_the_scheduler)
        .at_once(1)
        .run(ActorHosts::stop)
}
