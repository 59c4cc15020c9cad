//! What a task's commands leave in the database.

mod commits;
mod series;
mod stored;
mod support;
