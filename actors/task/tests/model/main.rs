//! Reminders, tried in every order and with failures at every moment: see `docs/model.md`.
//!
//! The actors, their turns and the relay are the real ones. The table `reminder` and the two SQL
//! statements on it are modelled by [`rows`]; [`conformance`] runs the same histories on PostgreSQL.

mod broken;
mod conformance;
mod life;
mod people;
mod rows;
mod scenarios;
