//! What every Almanac service has in common: configuration, telemetry, health, problems, shutdown.
//!
//! A service is its routes, what its readiness depends on, and what is to be done before it exits:
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use platform::{Config, Readiness, Service, telemetry};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::from_env()?;
//! telemetry::init(&config);
//! let service = Service::connect(config)?;
//! let routes = Router::new().route("/hello", get(async || "hello"));
//! let flush = async { /* stop workers, drain the actor host */ };
//! service.serve(routes, Readiness::new(), flush).await?;
//! # Ok(())
//! # }
//! ```
//!
//! One that hosts actors is an [`ActorHost`]; what it does outside of turns is a [`worker`].
//!
//! Handlers answer failures with a [`Problem`]; subscribers take a [`CloudEvent`] and answer a [`Delivery`]. What a
//! subscriber gives up is kept by [`dead_letters`]. What is only kept for a time lies in a [`state_store`].

mod actor_host;
mod api_token;
mod cloud_event;
mod config;
pub mod dead_letters;
mod deleted_accounts;
mod epoch;
mod health;
mod invoke;
mod json;
mod leaving;
mod metrics;
mod patience;
mod placing;
pub mod problem;
mod request;
mod service;
pub mod state_store;
mod stop;
pub mod telemetry;
pub mod worker;

pub use actor_host::ActorHost;
pub use cloud_event::{CloudEvent, Delivery};
pub use config::{Config, ConfigError};
pub use deleted_accounts::is_deleted;
pub use health::Readiness;
pub use invoke::{InvokeError, ServiceClient};
pub use json::{Json, unreadable};
pub use patience::Patience;
pub use problem::{FieldError, Problem, ProblemType};
pub use service::{ServeError, Service, common_layers};
pub use stop::Stop;
pub use worker::WorkerHandle;
