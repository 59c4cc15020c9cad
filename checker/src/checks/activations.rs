//! No activation is left on a host that is stopped, and a host that should live answers.

use crate::{Evidence, Rule, Violation};

const LEFT: Rule = Rule::new("activation-on-stopped-host", "A host that is stopped has no activations.");
const SILENT: Rule = Rule::new("host-silent", "A host that should live answers.");
pub(super) const RULES: &[Rule] = &[LEFT, SILENT];

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    let judge = |host: &crate::evidence::Host| match (&host.activations, host.live) {
        (Some(activations), false) => {
            let count: u64 = activations.values().sum();
            Some(LEFT.broken(&host.part, format!("it still answers, with {count} activations")))
        }
        (None, true) => Some(SILENT.broken(&host.part, "its metrics do not answer")),
        _ => None,
    };
    evidence.hosts.iter().filter_map(judge).collect()
}
