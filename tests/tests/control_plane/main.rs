//! Three placements and three schedulers: any one may die, and schedulers may lose all they keep.

mod placements;
mod schedulers;
mod told;

use std::process::ExitCode;

use almanac_tests::Suite;
use xtask::{Replicas, Stack, StackOptions};

/// The actor host; two, so that calls cross sidecars.
const HOST: &str = "todo-actors";
const HOSTS: u16 = 2;
const MEMBERS: usize = 3;

fn main() -> ExitCode {
    let start = async || {
        let replicas = Replicas::default().with(HOST, HOSTS)?;
        Stack::start(StackOptions::for_test_with("control-plane", &replicas)?.ha()?).await
    };
    Suite::new(start)
        .case_alone(placements::calls_and_reminders_go_on_whichever_placement_dies)
        .case_alone(schedulers::reminders_are_on_time_whichever_scheduler_dies)
        .case_alone(schedulers::without_timers_and_sweep_reminders_survive_a_scheduler)
        .case_alone(schedulers::reminders_are_set_again_when_the_schedulers_lost_everything)
        .at_once(1)
        .run(Stack::stop)
}
