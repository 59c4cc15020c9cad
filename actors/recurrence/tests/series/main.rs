//! The actor's turns on a real database.

mod chain;
mod edits;
mod missed;
mod order;
mod stored;
mod support;
mod year;
