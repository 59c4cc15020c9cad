//! Placement: one leads, the others wait to.

use std::time::{Duration, Instant};

use almanac_tests::{Edits, Person, sleep_until};
use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::time::sleep;
use xtask::Stack;

use crate::{MEMBERS, told::Reminded};

const TASKS: usize = 6;
/// The others elect a leader after two to four seconds without one; then the sidecars report to it.
const ELECTION: Duration = Duration::from_secs(6);
/// What a machine may add on which everything else runs too.
const BUSY: Duration = Duration::from_secs(3);

pub(crate) async fn calls_and_reminders_go_on_whichever_placement_dies(stack: &mut Stack) {
    let ada = Person::register(stack).await;
    for member in 0..MEMBERS {
        let title = |n| json!({ "title": format!("Task {n}") });
        let tasks: Vec<Value> = join_all((0..TASKS).map(|n| ada.create(title(n)))).await;
        // Due while there may be no leader, and just after.
        let reminded = Reminded::in_seconds(stack, 5).await;
        let death = async {
            sleep_until(reminded.fire().0 - TimeDelta::seconds(1)).await;
            let fault = Instant::now();
            stack.control_plane().expect("it runs").placements()[member].kill().await.expect("it ran");
            sleep(ELECTION + BUSY).await;
            fault
        };
        let (edits, fault) = Edits::during(&ada, &tasks, death).await;
        let (took, longest) = (edits.all_answered_after(fault), edits.longest());
        let late = reminded.latest(stack, ELECTION + BUSY).await;
        println!(
            "placement {member} killed: each task answered again after {took:.1?}, the longest call took \
             {longest:.1?}, the latest reminder was {late} ms late"
        );
        assert!(took < ELECTION + BUSY, "{took:?}");
        assert!(
            u128::try_from(late).is_ok_and(|late| late < (ELECTION + BUSY).as_millis()),
            "{late} ms late"
        );
        reminded.once().await;
        stack.until_ready().await.expect("it is ready again");
    }
}
