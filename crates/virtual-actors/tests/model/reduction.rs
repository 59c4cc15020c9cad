//! What the explorer leaves out makes no difference: with and without it, runs end in the same ways.

use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

use futures::join;
use virtual_actors::testing::{Explorer, Report, World, counter::TOPIC};

use crate::{
    commands::ANY_HOST,
    crashes,
    invariants::{Clients, PATIENCE},
    two_hosts,
};

/// How runs of this ended: the states, the events, the answers.
fn ends<F: Future<Output = String> + 'static>(
    explorer: &Explorer,
    run: impl Fn(World) -> F,
) -> (BTreeSet<String>, Report) {
    let ends = Rc::new(RefCell::new(BTreeSet::new()));
    let seen = Rc::clone(&ends);
    let report = explorer.explore(|world| {
        let (seen, run) = (Rc::clone(&seen), run(world.clone()));
        async move {
            let answers = run.await;
            world.settle(PATIENCE).await;
            let mut events: Vec<String> =
                world.published(TOPIC).iter().map(|event| event["data"].to_string()).collect();
            events.sort();
            seen.borrow_mut().insert(format!("{:?} {events:?} {answers}", world.store().states("Counter")));
            Ok(())
        }
    });
    let report = report.unwrap_or_else(|found| panic!("{found}"));
    (ends.take(), report)
}

fn adds_nothing<F: Future<Output = String> + 'static>(explorer: &Explorer, run: impl Fn(World) -> F + Copy) {
    let (reduced, few) = ends(explorer, run);
    let (all, many) = ends(&explorer.clone().without_reduction(), run);
    println!("{} ends by {} schedules instead of {}", all.len(), few.schedules, many.schedules);
    assert_eq!(reduced, all);
    assert!(few.schedules < many.schedules, "nothing was left out");
}

#[test]
fn of_two_owners() {
    adds_nothing(&two_hosts(), |world| async move {
        let clients = Clients::default();
        let answers = join!(clients.send(&world, 0, 1, 1), clients.send(&world, 1, 2, 10));
        format!("{answers:?}")
    });
}

#[test]
fn of_an_owner_that_dies() {
    adds_nothing(&two_hosts().bounds(crashes(1)), |world| async move {
        let clients = Clients::default();
        let answers = join!(clients.send(&world, 0, 1, 1), clients.send(&world, 1, 1, 1));
        format!("{answers:?}")
    });
}

#[test]
fn of_a_command_and_a_relay() {
    adds_nothing(&two_hosts().faults(ANY_HOST).bounds(crashes(1)), |world| async move {
        let clients = Clients::default();
        let answers = join!(clients.send(&world, 0, 1, 1), world.relay_once(1));
        format!("{answers:?}")
    });
}
