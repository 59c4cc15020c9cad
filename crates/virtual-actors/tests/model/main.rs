//! The protocol of turns, tried in every order and with failures at every moment: see `docs/model.md`.
//!
//! `EXPLORE=long` allows more to go wrong and takes far longer. A schedule that fails prints its
//! choices; `Explorer::replay` runs it again.

mod account;
mod broken;
mod commands;
mod invariants;
mod messages;
mod reduction;
mod relays;
mod sampled;

use virtual_actors::testing::{Bounds, Counterexample, Explorer, Violation, World, counter::Counter};

use account::AccountActor;

type Verdict = Result<(), Violation>;

/// Two hosts; a call may reach either.
fn two_hosts() -> Explorer {
    Explorer::new().host("a").host("b").actor::<Counter>().actor::<AccountActor>()
}

fn long() -> bool {
    std::env::var("EXPLORE").is_ok_and(|how| how == "long")
}

/// So many crashes at any moment; one more in a long exploration.
fn crashes(crashes: u32) -> Bounds {
    Bounds { crashes: crashes + u32::from(long()), ..Bounds::default() }
}

/// Explores, and says how much there was.
fn holds<F: Future<Output = Verdict> + 'static>(explorer: &Explorer, scenario: impl Fn(World) -> F) {
    match explorer.explore(scenario) {
        Ok(report) => println!("{report}"),
        Err(counterexample) => panic!("{counterexample}"),
    }
}

/// Explores something wrong, and gives the schedule that shows it.
fn refuted<F: Future<Output = Verdict> + 'static>(
    explorer: &Explorer,
    scenario: impl Fn(World) -> F,
) -> Box<Counterexample> {
    let found = explorer.explore(&scenario).expect_err("what is wrong must be found");
    println!("{found}");
    let again = explorer.replay(&found.choices, scenario).expect_err("its choices show it again");
    assert_eq!(again.violation, found.violation);
    found
}
