//! Relays: two that believe they hold the same partition, one that dies with an event in its hands,
//! and who receives what they publish.

use std::{cell::Cell, collections::BTreeSet, rc::Rc, time::Duration};

use futures::{future::join_all, join};
use uuid::Uuid;
use virtual_actors::{
    Call, CommandId, Message,
    testing::{
        Bounds, Faults, Violation, World,
        counter::{Increment, TOPIC},
    },
};

use crate::{
    Verdict, crashes, holds,
    invariants::{Clients, PATIENCE},
    two_hosts,
};

/// Two relays at it while an event is committed.
pub(crate) async fn two_relays(world: World) -> Verdict {
    let clients = Clients::default();
    clients.insist(&world, 1, 1).await;
    join!(world.relay_once(0), world.relay_once(1));
    clients.judge(&world).await
}

/// A relay that is slow: its lease runs out while it has the event in its hands, and another takes over.
pub(crate) async fn a_frozen_relay(world: World) -> Verdict {
    let clients = Clients::default();
    clients.insist(&world, 1, 1).await;
    join!(world.relay_once(0), async {
        world.sleep(Duration::from_secs(7)).await;
        world.relay_once(1).await;
    });
    clients.judge(&world).await
}

/// A consumer that makes a command of each event, under the event's id; each event comes to both
/// hosts, and each time it was published.
pub(crate) async fn a_consumer(world: World) -> Verdict {
    let clients = Clients::default();
    clients.insist(&world, 1, 1).await;
    join!(world.relay_once(0), world.relay_once(1));
    if !world.relay_for(PATIENCE).await {
        return Err(Violation::new("the outbox empties", format!("{:?}", world.store().outbox())));
    }
    let events = world.published(TOPIC);
    join_all(events.iter().enumerate().map(|(n, event)| consume(&world, n % 2, event))).await;
    join_all(events.iter().enumerate().map(|(n, event)| consume(&world, (n + 1) % 2, event))).await;
    world.calm();
    let changes: BTreeSet<String> = events.iter().map(|event| event["sequence"].to_string()).collect();
    let mirror = world.store().states("Counter").into_iter().find(|(id, ..)| id == "mirror");
    let total = mirror.map_or(0, |(_, _, state)| state["total"].as_i64().unwrap_or_default());
    if total != changes.len() as i64 {
        let seen = format!("{total} were counted of {events:?}");
        return Err(Violation::new("a consumer applies each event once", seen));
    }
    Ok(())
}

async fn consume(world: &World, host: usize, event: &serde_json::Value) {
    let id = event["id"].as_str().and_then(|id| id.parse::<Uuid>().ok()).expect("an id");
    let call =
        Call { command_id: Some(CommandId(id)), message: serde_json::json!({ "by": 1 }), ..Call::default() };
    while !world.call_host(host, Increment::ACTOR, "mirror", Increment::METHOD, &call).await.is_answer() {
        world.sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn two_relays_publish_every_event_under_one_id() {
    holds(&two_hosts().bounds(crashes(1)), two_relays);
}

#[test]
fn a_relay_whose_lease_ran_out_publishes_again_and_nobody_is_the_wiser() {
    let doubles = Rc::new(Cell::new(0));
    let seen = Rc::clone(&doubles);
    let bounds = Bounds { jumps: 1, ..crashes(0) };
    holds(&two_hosts().bounds(bounds), move |world| {
        let seen = Rc::clone(&seen);
        async move {
            a_frozen_relay(world.clone()).await?;
            seen.set(seen.get() + usize::from(world.published(TOPIC).len() > 1));
            Ok(())
        }
    });
    assert!(doubles.get() > 0, "in some schedule both relays publish it");
}

#[test]
fn a_consumer_counts_each_event_once() {
    holds(&two_hosts().bounds(crashes(1)), a_consumer);
}

#[test]
fn a_broker_whose_answer_is_lost_gets_the_event_again() {
    let faults = Faults { lost_answer: 0.5, ..Faults::default() };
    holds(&two_hosts().faults(faults).bounds(crashes(1)), two_relays);
}
