//! What a task's commands leave in the database.

mod commits;
mod relations;
mod series;
mod stored;
mod support;
mod trash;
