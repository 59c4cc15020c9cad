//! Recurrence as a caller sees it, one subject a file.

mod edit;
mod expand;
mod given;
mod next;
mod parse;
mod properties;
mod vectors;
mod words;
