//! A project's turns on a real database, and what is stored of them.

mod stored;
mod support;
mod trash;
