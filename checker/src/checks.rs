//! The promises, a file for each kind. A check is a pure function of the evidence; it names what is broken once,
//! and leaves to others what is theirs: where an event is missing, nobody guesses what it was.

mod accepted;
mod activations;
mod applied;
mod deliveries;
mod events;
mod firing;
mod leftovers;
mod mails;
mod notifications;
mod order;
mod people;
mod promised;
mod series;
mod versions;

use chrono::TimeDelta;

use crate::{Evidence, Rule, Violation, outages::Outages};

/// Every promise.
pub const RULES: [&[Rule]; 14] = [
    accepted::RULES,
    applied::RULES,
    versions::RULES,
    events::RULES,
    order::RULES,
    firing::RULES,
    promised::RULES,
    notifications::RULES,
    deliveries::RULES,
    mails::RULES,
    series::RULES,
    leftovers::RULES,
    people::RULES,
    activations::RULES,
];

/// All that is broken, in a fixed order. After a fault, `recovery` is granted before a reminder that should fire
/// undisturbed is missed.
pub fn all(evidence: &Evidence, recovery: TimeDelta) -> Vec<Violation> {
    let outages = Outages::of(&evidence.clients.faults, recovery);
    let mut found = Vec::new();
    found.extend(accepted::check(evidence));
    found.extend(applied::check(evidence));
    found.extend(versions::check(evidence));
    found.extend(events::check(evidence));
    found.extend(order::check(evidence));
    found.extend(firing::check(evidence));
    found.extend(promised::check(evidence, &outages, recovery));
    found.extend(notifications::check(evidence));
    found.extend(deliveries::check(evidence));
    found.extend(mails::check(evidence));
    found.extend(series::check(evidence));
    found.extend(leftovers::check(evidence));
    found.extend(people::check(evidence));
    found.extend(activations::check(evidence));
    found.sort();
    found
}
