//! The independent checker: whether what Almanac promises was kept, in a run with faults.
//!
//! It depends on no other crate of this workspace, and restates in its own words what is promised. It
//! reads the clients' [`log`], the public API, the database and the mailbox, and judges what it read:
//!
//! ```no_run
//! # async fn f() -> anyhow::Result<()> {
//! use checker::{Clients, Evidence, checks, log};
//!
//! let clients = Clients::of(log::read("clients.jsonl".as_ref())?);
//! let pool = sqlx::PgPool::connect("postgres://almanac@127.0.0.1/almanac").await?;
//! checker::settle(&pool, std::time::Duration::from_secs(120)).await?;
//! let evidence = Evidence::gather(&clients, &pool).await?;
//! let recovery = chrono::TimeDelta::seconds(30);
//! for violation in checks::all(&evidence, recovery) {
//!     println!("{}: {}", violation.rule, violation.subject);
//! }
//! # Ok(()) }
//! ```
//!
//! `clients` makes operations of the log's lines, `evidence` reads the system, each file in `checks` holds one kind of
//! promise and is a pure function of the evidence, `report` tells what came of it.

pub mod checks;
pub mod clients;
pub mod evidence;
pub mod log;
mod outages;
pub mod report;
mod violation;

pub use clients::Clients;
pub use evidence::{Evidence, GatherError, Settled, settle};
pub use report::Report;
pub use violation::{Rule, Violation};
