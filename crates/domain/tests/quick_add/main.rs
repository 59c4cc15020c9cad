//! Quick add as a caller sees it: a table of phrases, and what holds for any line.

mod phrases;
mod properties;
mod telling;

use chrono::NaiveDateTime;
use domain::{
    UserZone, Zone,
    quick_add::{self, Context, QuickAdd},
};

/// A Tuesday at noon in Berlin.
fn context() -> Context {
    at("2026-11-24T12:00:00", "Europe/Berlin")
}

fn at(now: &str, zone: &str) -> Context {
    let now: NaiveDateTime = now.parse().expect("a time");
    Context { now, user: UserZone::new(Zone::parse(zone).expect("a zone"), 1) }
}

fn read(line: &str) -> QuickAdd {
    quick_add::read(line, &context())
}
