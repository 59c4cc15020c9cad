//! Commands to one actor: two owners, crashes, repetitions, an owner that is slow.

use std::{pin::pin, time::Duration};

use futures::{
    future::{Either, join, select},
    join,
};
use virtual_actors::{
    Call, CommandId, Message, Outcome,
    testing::{
        Bounds, Faults, Violation, World,
        counter::{Increment, OverLimit, Read, SetLimit},
    },
};

use crate::{Verdict, crashes, holds, invariants::Clients, two_hosts};

/// A call reaches any host.
pub(crate) const ANY_HOST: Faults =
    Faults { crash: 0.0, double_delivery: 0.0, two_owners: 1.0, lost_answer: 0.0 };

/// Two owners, a command each; each owner has the state in memory or has not.
pub(crate) async fn two_owners(world: World) -> Verdict {
    let clients = Clients::default();
    join!(clients.send(&world, 0, 1, 1), async {
        clients.send(&world, 1, 2, 10).await;
        clients.send(&world, 1, 3, 100).await;
    });
    clients.judge(&world).await
}

/// One command, carried out on another host while the first still works on it.
pub(crate) async fn rebalance(world: World) -> Verdict {
    let clients = Clients::default();
    clients.send(&world, 0, 1, 1).await;
    join!(clients.send(&world, 0, 2, 10), clients.send(&world, 1, 2, 10));
    clients.judge(&world).await
}

/// Two clients whose hosts may die at any moment, and who ask any host until they are answered.
pub(crate) async fn crashing(world: World) -> Verdict {
    let clients = Clients::default();
    join(clients.insist(&world, 1, 1), clients.insist(&world, 2, 10)).await;
    clients.judge(&world).await
}

/// A client that loses patience and repeats its command through the other host; time may pass while
/// the first is anywhere on its way.
pub(crate) async fn a_slow_owner(world: World) -> Verdict {
    let clients = Clients::default();
    clients.send(&world, 0, 1, 1).await;
    let slow = pin!(clients.send(&world, 0, 2, 10));
    match select(slow, pin!(world.sleep(Duration::from_secs(4)))).await {
        Either::Left(_) => {}
        Either::Right(((), slow)) => {
            join!(slow, clients.send(&world, 1, 2, 10));
        }
    }
    clients.judge(&world).await
}

/// Commands from which nothing follows: answers alone must be as true as changes. Host 1 remembers a
/// limit of 5, which host 0 lifts meanwhile.
pub(crate) async fn a_stale_owner(world: World) -> Verdict {
    set_limit(&world, 1, 1, Some(5)).await;
    let lifted = async {
        set_limit(&world, 0, 2, None).await;
        // After that answer, nobody may refuse.
        ask(&world, 1, 3, Increment { by: 6 }).await
    };
    let (lifted, meanwhile) = join(lifted, ask(&world, 1, 4, Increment { by: 0 })).await;
    let refused = |outcome: &Outcome| matches!(outcome, Outcome::Refused { .. });
    if refused(&lifted) {
        return Err(Violation::new(
            "an answer is not stale",
            format!("{lifted:?} after the limit was lifted"),
        ));
    }
    if refused(&meanwhile) {
        return Err(Violation::new("an answer is not stale", format!("{meanwhile:?} to nothing")));
    }
    // One command refused by both owners, while the limit comes back.
    let over = Increment { by: 90 };
    let (_, first, second) =
        join!(set_limit(&world, 0, 5, Some(50)), ask(&world, 0, 6, over.clone()), ask(&world, 1, 6, over));
    if first != second {
        return Err(Violation::new("one command has one answer", format!("{first:?}, {second:?}")));
    }
    Ok(())
}

/// A read on a host that has the state in memory, after another host has answered a command.
pub(crate) async fn a_stale_read(world: World) -> Verdict {
    let read = || async {
        let call = Call { message: serde_json::to_value(Read).expect("JSON"), ..Call::default() };
        world.call_host(1, Read::ACTOR, "c", Read::METHOD, &call).await
    };
    read().await;
    let clients = Clients::default();
    let writes_then_reads = async { (clients.send(&world, 0, 1, 7).await, read().await) };
    let ((written, seen), _) = join(writes_then_reads, read()).await;
    if let Outcome::Done { reply } = &seen
        && written.is_answer()
        && reply["total"] != 7
    {
        return Err(Violation::new("an answer is not stale", format!("{seen:?} after 7 was committed")));
    }
    clients.judge(&world).await
}

async fn set_limit(world: &World, host: usize, command: u128, limit: Option<i64>) -> Outcome {
    ask(world, host, command, SetLimit { limit }).await
}

async fn ask<M: Message<Refusal = OverLimit>>(
    world: &World,
    host: usize,
    command: u128,
    message: M,
) -> Outcome {
    let call = Call {
        command_id: Some(CommandId(uuid::Uuid::from_u128(command))),
        message: serde_json::to_value(message).expect("JSON"),
        ..Call::default()
    };
    world.call_host(host, M::ACTOR, "c", M::METHOD, &call).await
}

#[test]
fn two_owners_at_once_lose_no_update() {
    holds(&two_hosts(), two_owners);
}

#[test]
fn a_command_carried_out_twice_at_once_has_one_effect_and_one_answer() {
    holds(&two_hosts(), rebalance);
    holds(&two_hosts().bounds(crashes(1)), rebalance);
}

#[test]
fn a_crash_at_any_step_loses_and_doubles_nothing() {
    holds(&two_hosts().faults(ANY_HOST).bounds(crashes(1)), crashing);
}

#[test]
fn a_command_repeated_through_any_owner_is_applied_once() {
    let one = |world: World| async move {
        let clients = Clients::default();
        clients.insist(&world, 1, 1).await;
        clients.insist(&world, 1, 1).await;
        clients.judge(&world).await
    };
    holds(&two_hosts().faults(ANY_HOST).bounds(crashes(2)), one);
}

#[test]
fn an_owner_that_is_frozen_commits_late_or_not_at_all() {
    let bounds = Bounds { jumps: 1, ..crashes(0) };
    holds(&two_hosts().bounds(bounds), a_slow_owner);
}

#[test]
fn a_stale_owner_answers_nothing() {
    holds(&two_hosts(), a_stale_owner);
    holds(&two_hosts().bounds(crashes(1)), a_stale_read);
}
