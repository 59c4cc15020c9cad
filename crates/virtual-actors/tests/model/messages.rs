//! Messages to other actors: by the host that committed them, or, if that dies, by any other.

use futures::join;
use virtual_actors::testing::{Violation, World};

use crate::{
    Verdict,
    account::{Account, Send},
    commands::ANY_HOST,
    crashes, holds,
    invariants::PATIENCE,
    two_hosts,
};

/// Money on its way; hosts die before the commit, between commit and message, between message and removal.
pub(crate) async fn transfer(world: World) -> Verdict {
    let send = Send { to: "q".to_owned(), amount: 5 };
    join!(world.command_until_answered("p", &send, 1), world.relay_once(1));
    arrived_once(&world).await
}

async fn arrived_once(world: &World) -> Verdict {
    if !world.settle(PATIENCE).await {
        return Err(Violation::new("the outbox empties", format!("{:?}", world.store().outbox())));
    }
    let balances: Vec<(String, i64)> = world
        .store()
        .states("Account")
        .into_iter()
        .map(|(id, _, state)| (id, serde_json::from_value::<Account>(state).expect("an account").balance))
        .collect();
    if balances != [("p".to_owned(), -5), ("q".to_owned(), 5)] {
        return Err(Violation::new("a message is applied exactly once", format!("{balances:?}")));
    }
    Ok(())
}

#[test]
fn a_message_arrives_once_whoever_dies() {
    holds(&two_hosts().bounds(crashes(1)), transfer);
    holds(&two_hosts().faults(ANY_HOST).bounds(crashes(0)), transfer);
}
