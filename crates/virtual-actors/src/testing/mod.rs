//! The test runtime: the same actor code with virtual time, an in-memory Dapr and store, and faults
//! on demand.
//!
//! Turns are the real [`Engine`](crate::Engine)'s, and what a relay does is the real relay's. The
//! store, Dapr and time are in memory. Whatever others could notice is a *step*; which step goes
//! next, which host a call reaches, whether a host dies is a *choice*.
//!
//! [`Explorer`] tries every choice, within bounds, and says what it was that broke an invariant:
//!
//! ```
//! use virtual_actors::testing::{Bounds, Explorer, Violation, counter::{Counter, Increment}};
//!
//! let explorer = Explorer::new().host("a").host("b").actor::<Counter>();
//! let explorer = explorer.bounds(Bounds { crashes: 1, ..Bounds::default() });
//! let explored = explorer.explore(|world| async move {
//!     let (one, two) = (Increment { by: 1 }, Increment { by: 10 });
//!     let (one, two) = futures::join!(
//!         world.command_until_answered("c1", &one, 1),
//!         world.command_until_answered("c1", &two, 2),
//!     );
//!     match one.total.max(two.total) {
//!         11 => Ok(()),
//!         total => Err(Violation::new("no update is lost", format!("{total}"))),
//!     }
//! });
//! println!("{}", explored.unwrap_or_else(|counterexample| panic!("{counterexample}")));
//! ```
//!
//! A scenario is small (two hosts, two or three commands), because everything is tried; it ends with
//! [`World::calm`] or [`World::settle`], from where on nothing is chosen, and judges what is left. A
//! counterexample prints its choices; [`Explorer::replay`] runs them again. What is judged must not
//! depend on the order of things that have nothing in common: only one order of them is tried.
//!
//! [`TestRuntime`] runs a test once; its choices are made by dice, so a failing seed fails again:
//!
//! ```
//! use virtual_actors::testing::{Faults, TestRuntime, counter::{Counter, Increment}};
//!
//! let runtime = TestRuntime::new(42).faults(Faults::HARSH).host("a").host("b").actor::<Counter>();
//! let total = runtime.run(|world| async move {
//!     for n in 1..=10 {
//!         world.command_until_answered("c1", &Increment { by: 1 }, n).await;
//!     }
//!     world.command_until_answered("c1", &Increment { by: 0 }, 11).await.total
//! });
//! assert_eq!(total, 10);
//! ```
//!
//! | file | |
//! |---|---|
//! | `schedule.rs` | steps, virtual time, one move after the other |
//! | `choices.rs`, `path.rs`, `footprint.rs` | who chooses: dice, a search, a replay; what it may leave out |
//! | `explorer.rs`, `runtime.rs`, `setup.rs` | running a scenario often, or once |
//! | `world.rs`, `host.rs`, `scheduler.rs`, `sidecar.rs`, `relays.rs` | what is in the world |
//! | `memory_store.rs`, `memory_outbox.rs` | what stands for PostgreSQL; [`store_contract`] holds for both |
//!
//! [`assert_pinned_state`] and its like check what other versions of an actor stored or sent.
//!
//! [`contract`] is the suite that this runtime and the real one (daprd and PostgreSQL) both pass.

mod choices;
pub mod contract;
pub mod counter;
mod engines;
mod explorer;
mod faulty_store;
mod footprint;
mod host;
mod memory_outbox;
mod memory_store;
mod path;
mod pinned;
mod relays;
mod runtime;
mod schedule;
mod scheduler;
mod setup;
mod sidecar;
pub mod store_contract;
mod world;

pub use explorer::{Bounds, Counterexample, Explorer, Report, Violation};
pub use faulty_store::{Fault, FaultyStore};
pub use memory_store::MemoryStore;
pub use pinned::{assert_pinned, assert_pinned_message, assert_pinned_state};
pub use runtime::TestRuntime;
pub use world::{Faults, World};
