//! Reminders that are due, moved and completed while hosts die, clocks are wrong and reminders get lost.

use chrono::TimeDelta;
use futures::join;
use reminder_schedule_actor::ReminderScheduleActor;
use task_actor::TaskActor;
use virtual_actors::testing::{Bounds, Explorer, Faults, World};

use crate::life::{Life, PERSON, Verdict};

pub(crate) fn two_hosts() -> Explorer {
    actors(Explorer::new().host("a").host("b"))
}

fn actors(explorer: Explorer) -> Explorer {
    explorer.actor::<TaskActor>().actor::<ReminderScheduleActor>()
}

fn long() -> bool {
    std::env::var("EXPLORE").is_ok_and(|how| how == "long")
}

pub(crate) fn crashes(crashes: u32) -> Bounds {
    Bounds { crashes: crashes + u32::from(long()), ..Bounds::default() }
}

fn holds<F: Future<Output = Verdict> + 'static>(explorer: &Explorer, scenario: impl Fn(World) -> F) {
    match explorer.explore(scenario) {
        Ok(report) => println!("{report}"),
        Err(counterexample) => panic!("{counterexample}"),
    }
}

/// The Dapr reminder, the timer and the sweep come in the same instant, the sweep on another host.
pub(crate) async fn due(life: Life) -> Verdict {
    let at = life.in_seconds(10);
    life.create(at).await;
    life.until(at).await;
    life.check(1).await;
    life.quiet().await;
    life.judge().await
}

/// Moved as it fires.
pub(crate) async fn moved(life: Life) -> Verdict {
    let at = life.in_seconds(10);
    let reminder = life.world.undisturbed(life.create(at)).await;
    life.until(at).await;
    let later = life.in_seconds(10);
    let moves = PERSON.moves(reminder, later);
    join!(life.command(2, &moves), life.check(1));
    life.quiet().await;
    life.judge().await
}

/// Completed as it fires, and opened again.
pub(crate) async fn completed(life: Life) -> Verdict {
    let at = life.in_seconds(10);
    life.world.undisturbed(life.create(at)).await;
    life.until(at).await;
    // Beside both clocks; a sweep as well would only make it a matter of minutes.
    life.command(2, &PERSON.completes()).await;
    life.quiet().await;
    life.command(3, &PERSON.reopens()).await;
    life.quiet().await;
    life.judge().await
}

#[test]
fn two_clocks_and_the_sweep_fire_it_once() {
    holds(&two_hosts(), |world| due(Life::new(world)));
}

#[test]
fn it_fires_whoever_dies_and_whatever_is_forgotten() {
    holds(&two_hosts().bounds(crashes(1)), |world| due(Life::new(world)));
    // One after the other makes some seconds, both at once a minute.
    let lost = Bounds { lost_reminders: 1, ..crashes(0) };
    holds(&two_hosts().bounds(lost), |world| due(Life::new(world)));
}

#[test]
fn a_moved_reminder_fires_at_its_new_time() {
    holds(&two_hosts(), |world| moved(Life::new(world)));
}

#[test]
fn a_reminder_of_a_completed_task_does_not_come_back() {
    holds(&two_hosts(), |world| completed(Life::new(world)));
}

#[test]
fn a_host_whose_clock_is_wrong_fires_nothing_early() {
    for ahead in [TimeDelta::minutes(5), TimeDelta::minutes(-5)] {
        let hosts = Explorer::new().host_with_wrong_clock("a", ahead).host("b");
        holds(&actors(hosts).bounds(crashes(1)), |world| due(Life::new(world)));
    }
}

#[test]
fn more_than_can_be_tried_in_every_order() {
    let seeds = if long() { 20_000 } else { 300 };
    let explorer = two_hosts().faults(Faults { crash: 0.0, ..Faults::HARSH }).bounds(Bounds {
        crashes: 4,
        jumps: 4,
        lost_reminders: 2,
    });
    for scenario in [0, 1, 2] {
        let sampled = explorer.sample(0..seeds, |world| async move {
            let life = Life::new(world);
            match scenario {
                0 => due(life).await,
                1 => moved(life).await,
                _ => completed(life).await,
            }
        });
        println!("{}", sampled.unwrap_or_else(|counterexample| panic!("{counterexample}")));
    }
}
