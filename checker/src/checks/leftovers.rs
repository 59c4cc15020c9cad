//! Nothing is left to be done or was given up, and nobody who is gone holds anything.

use crate::{Evidence, Rule, Violation};

const OUTBOX: Rule = Rule::new("outbox-not-empty", "What was committed is handed over.");
const LEASE: Rule = Rule::new("lease-of-dead-relay", "No relay that is gone holds a share of the outbox.");
const LEDGER: Rule = Rule::new("ledger-work-open", "What the ledger plans is done.");
const LETTER: Rule = Rule::new("dead-letter", "No subscriber gives an event up.");
pub(super) const RULES: &[Rule] = &[OUTBOX, LEASE, LEDGER, LETTER];

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    let database = &evidence.database;
    let outbox = database.outbox.iter().map(|row| {
        OUTBOX.broken(
            format!("outbox entry {}", row.seq),
            format!("for {}, {} attempts", row.target, row.attempts),
        )
    });
    let leases = database
        .dead_leases
        .iter()
        .map(|share| LEASE.broken(format!("share {share} of the outbox"), "whoever holds it is not alive"));
    let open = database.ledger.iter().filter(|row| matches!(row.status.as_str(), "planned" | "withdraw"));
    let ledger = open.map(|row| {
        let last = row.last_error.as_deref().unwrap_or("no error");
        LEDGER.broken(
            format!("task {} of series {}", row.predecessor, row.series_id),
            format!("{}: {last}", row.status),
        )
    });
    let letters = database.dead_letters.iter().map(|letter| {
        let topic = letter.topic.as_deref().unwrap_or("a topic that is not known");
        LETTER
            .broken(format!("event {}", letter.event_id), format!("{} gave it up, from {topic}", letter.app))
    });
    outbox.chain(leases).chain(ledger).chain(letters).collect()
}
