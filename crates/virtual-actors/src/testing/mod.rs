//! The test runtime: the same actor code with virtual time, an in-memory Dapr and store, a seeded
//! scheduler, and faults on demand.
//!
//! A run is decided by its seed alone: which of the waiting steps goes next, which host a call
//! reaches while two believe they own the actor, where a host crashes. A failing seed fails again.
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
//! [`assert_pinned_state`] and its like check what other versions of an actor stored or sent.
//!
//! [`contract`] is the suite that this runtime and the real one (daprd and PostgreSQL) both pass.

pub mod contract;
pub mod counter;
mod engines;
mod faulty_store;
mod memory_store;
mod pinned;
mod runtime;
mod schedule;
pub mod store_contract;
mod world;

pub use faulty_store::{Fault, FaultyStore};
pub use memory_store::MemoryStore;
pub use pinned::{assert_pinned, assert_pinned_message, assert_pinned_state};
pub use runtime::TestRuntime;
pub use world::{Faults, World};
