//! End-to-end tests: real processes, real brokers, real faults.
//!
//! A test file starts a system once, on free ports, and runs its cases on it; a case is an async
//! function that says in its name what is promised. What cases share is here: [`Suite`] runs them,
//! [`Person`] uses the REST API, [`Mailbox`] reads what was mailed, [`Edits`] are a steady load, [`eventually`]
//! and [`all_published`] await, [`LiveEvents`] follows what happens, and [`ActorHosts`] hosts actors in the test's own process. What brokers could make a
//! difference to runs [`on_each_broker`].
//!
//! ```no_run
//! use almanac_tests::{Person, Suite};
//! use serde_json::json;
//! use xtask::Stack;
//!
//! async fn a_task_is_open_when_created(stack: &Stack) {
//!     let ada = Person::register(stack).await;
//!     let task = ada.create(json!({ "title": "Water the plants" })).await;
//!     assert_eq!(task["status"], "open");
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     let suite = Suite::new(async || Stack::start(xtask::StackOptions::for_test("example")?).await);
//!     suite.case(a_task_is_open_when_created).run(Stack::stop)
//! }
//! ```

mod actor_hosts;
mod api;
mod events;
mod live;
mod load;
mod mailbox;
mod outbox;
mod person;
mod pubsub;
mod suite;
mod wait;

pub use actor_hosts::{ActorHosts, CounterHost, DoomedHost, command};
pub use api::{Answer, Request, WholeAnswer};
pub use events::Subscriber;
pub use live::{LiveEvent, LiveEvents};
pub use load::{Edit, Edits};
pub use mailbox::{Mail, Mailbox};
pub use outbox::all_published;
pub use person::{Person, due_in, fires_at};
pub use pubsub::{on_each_broker, publish};
pub use suite::Suite;
pub use wait::{BUSY, assert_in_time, eventually, sleep_until, unchanged_for};
