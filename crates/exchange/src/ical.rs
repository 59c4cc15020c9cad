//! iCalendar: each task is a VTODO.
//!
//! A recurring task is its open instance: DTSTART and DUE are when that is due, RRULE goes on from there. What
//! iCalendar has no word for is in properties `X-ALMANAC-…`, which others pass over.

mod lines;
mod read;
mod rules;
mod times;
mod write;
mod zones;

pub use self::{
    read::read,
    write::{Calendar, write},
};

/// Estimated length, ISO 8601.
const ESTIMATE: &str = "X-ALMANAC-ESTIMATE";
/// From when the next instance is counted, and what becomes of missed ones.
const FROM: &str = "X-ALMANAC-FROM";
const MISSED: &str = "X-ALMANAC-MISSED";
const START: &str = "X-ALMANAC-START";
