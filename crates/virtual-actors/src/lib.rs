//! Virtual actors on [Dapr](https://dapr.io), whose turns are never lost and never doubled.
//!
//! Dapr places an actor on one of its hosts, wakes it by reminders, and moves it when hosts come
//! and go. It does not promise that there is only one owner at every moment, nor that a call
//! arrives once. This library adds what makes that harmless: a turn *decides*, and the host commits
//! the new state, the answer to the command and the events in one PostgreSQL statement that is
//! fenced by the state's version.
//!
//! A whole actor:
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use virtual_actors::{Actor, Event, Handles, Message, Methods, Turn, TurnContext};
//!
//! #[derive(Clone, Debug, Default, Serialize, Deserialize)]
//! struct Account { balance: i64 }
//!
//! #[derive(Serialize, Deserialize)]
//! struct Withdraw { amount: i64 }
//! #[derive(Serialize, Deserialize)]
//! struct NotEnough { balance: i64 }
//!
//! impl Message for Withdraw {
//!     const ACTOR: &'static str = "Account";
//!     const METHOD: &'static str = "withdraw";
//!     type Reply = i64;
//!     type Refusal = NotEnough;
//! }
//!
//! struct AccountActor;
//! impl Actor for AccountActor {
//!     const TYPE: &'static str = "Account";
//!     const TABLE: &'static str = "account"; // id text primary key, version bigint, state jsonb
//!     type State = Account;
//!     fn methods(methods: Methods<Self>) -> Methods<Self> {
//!         methods.handles::<Withdraw>()
//!     }
//! }
//!
//! impl Handles<Withdraw> for AccountActor {
//!     fn handle(state: Option<Account>, message: Withdraw, _: &TurnContext<'_>) -> Result<Turn<Self, i64>, NotEnough> {
//!         let Account { balance } = state.unwrap_or_default();
//!         if balance < message.amount {
//!             return Err(NotEnough { balance });
//!         }
//!         let balance = balance - message.amount;
//!         let withdrawn = Event::new("accounts", "account.withdrawn", &balance);
//!         Ok(Turn::changed(Account { balance }, balance).events(withdrawn).into())
//!     }
//! }
//! ```
//!
//! and its process:
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use virtual_actors::{Actor, DaprSidecar, Host, Methods, PgStore, Relay, System, IdSource, postgres};
//! # struct AccountActor;
//! # impl Actor for AccountActor {
//! #     const TYPE: &'static str = "Account";
//! #     const TABLE: &'static str = "account";
//! #     type State = ();
//! #     fn methods(methods: Methods<Self>) -> Methods<Self> { methods }
//! # }
//! # async fn run(pool: sqlx::PgPool, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), Box<dyn std::error::Error>> {
//! postgres::migrate(&pool).await?;
//! let store = Arc::new(PgStore::new(pool));
//! let sidecar = Arc::new(DaprSidecar::new("http://127.0.0.1:50001", None, "pubsub")?);
//! let relay = Relay::new(store.clone(), sidecar.clone(), System.next_id());
//! let host = Host::builder(store, sidecar, Arc::new(System)).relay(relay.handle()).actor::<AccountActor>().start()?;
//! tokio::spawn(relay.run(stop));
//! axum::serve(tokio::net::TcpListener::bind("127.0.0.1:8080").await?, host.routes()).await?;
//! # Ok(()) }
//! ```
//!
//! # A call's way through this crate
//!
//! [`ActorClient`] puts the message into a [`Call`] with command id and deadline → daprd finds the
//! host → `routes` → [`Host`] → the mailbox of the actor's `activation` → [`Engine`]: load, decide,
//! commit → the answer, as an [`Outcome`] → [`Relay`]: the outbox to pub/sub and other actors.
//!
//! # What is promised
//!
//! * Turns of one activation run one at a time, each to its end, whether its caller waits or not.
//! * Two hosts that both believe they own an actor lose no update: the second commit matches no
//!   version, and is decided again on what the first one left.
//! * Every answer is committed, "no" and "nothing to do" included: a stale owner answers nothing.
//! * A command id gets one answer. A repetition that follows soon, or finds a fresh activation, is
//!   not decided again; in the rare rest it is, unseen, and the first answer stands. (Turns that are
//!   an SQL statement are not remembered: they are made to be run any number of times.)
//! * A rule over several actors is kept by the commit: what would break it is refused, and not stored.
//! * What a turn emits is handed over at least once, under ids that follow from the actor's
//!   version. A broker may reorder, so consumers decide by the `sequence` of an event.
//! * A panic in a decision is an error to its caller and a fresh activation, nothing else.
//! * A state that cannot be read quarantines its actor: it answers with a fault, others do not notice.
//!   One of a newer [schema version](Actor::SCHEMA) is "unavailable" here: a newer host can read it.
//! * Older and newer code may turn the same actor: what the older does not know of a state, it keeps.
//!
//! The `testing` feature has the runtime in which all this is tried, in every order and with crashes.

mod activation;
mod actor;
mod arbiters;
mod call;
mod client;
mod clock;
mod context;
mod dapr_sidecar;
mod engine;
mod event;
mod host;
mod hosted;
mod methods;
mod metrics;
pub mod postgres;
mod recent;
mod registrar;
mod relay;
mod routes;
mod sidecar;
mod statement;
mod store;
mod stored;
#[cfg(feature = "testing")]
pub mod testing;
pub mod trace;
mod turn;
mod unknown;

pub use actor::{Actor, Answers, Executes, Handles, Message, RowsSql, RuleSql};
pub use call::{Asked, Call, Command, CommandId, Fingerprint, Keep, Outcome};
pub use client::{ActorCall, ActorClient, CallError, DEFAULT_TIMEOUT};
pub use clock::{Clock, IdSource, System};
pub use context::{ReadContext, TurnContext};
pub use dapr_sidecar::DaprSidecar;
pub use engine::{Effects, Engine};
pub use host::{Host, HostBuilder, HostSettings};
pub use methods::Methods;
pub use postgres::PgStore;
pub use relay::{Relay, RelayHandle};
pub use sidecar::{Publication, Sidecar, SidecarError};
pub use statement::{Executed, Statement, Timer};
pub use store::*;
pub use turn::{ChangedTurn, Event, Reminder, ReminderChange, Turn};
