//! More of everything than can be tried in every order: some schedules of it, by seed.

use std::time::Duration;

use futures::{future::join_all, join};
use virtual_actors::testing::{Bounds, Faults, World};

use crate::{Verdict, account::AccountActor, invariants::Clients, long, two_hosts};

/// Five clients, any of three hosts, relays that come and go.
async fn a_day(world: World) -> Verdict {
    let clients = Clients::default();
    let commands = join_all((0..5).map(|n| {
        let (clients, world) = (clients.clone(), world.clone());
        async move { clients.insist(&world, n, 10_i64.pow(n as u32)).await }
    }));
    let relays = join_all((0..world.hosts()).map(|host| {
        let world = world.clone();
        async move {
            for _ in 0..3 {
                world.relay_once(host).await;
                world.sleep(Duration::from_secs(2)).await;
            }
        }
    }));
    join!(commands, relays);
    clients.judge(&world).await
}

#[test]
fn whatever_goes_wrong_nothing_is_lost_or_doubled() {
    let seeds = if long() { 20_000 } else { 300 };
    let explorer = two_hosts()
        .host("c")
        .actor::<AccountActor>()
        .faults(Faults { crash: 0.0, ..Faults::HARSH })
        .bounds(Bounds { crashes: 8, jumps: 8, lost_reminders: 0 });
    match explorer.sample(0..seeds, a_day) {
        Ok(report) => println!("{report}"),
        Err(counterexample) => panic!("{counterexample}"),
    }
}
