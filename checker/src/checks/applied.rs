//! Nothing is carried out twice, and what ended in an error or a timeout at most once: every change of a task is of one
//! command, and a command of which the outcome is unknown accounts for one change at most.
//!
//! Accepted commands take the version they were answered. What is left must be of unknown commands of that
//! kind, each taken once, or what Almanac does by itself to the instances of a series.

use uuid::Uuid;

use super::accepted::is_change_of;
use crate::{
    Evidence, Rule, Violation,
    clients::{Outcome, Performed},
    evidence::Entry,
};

const TWICE: Rule =
    Rule::new("applied-twice", "A command is carried out once, an unanswered one at most once.");
const REFUSED: Rule = Rule::new("refused-command-applied", "What was refused is not carried out.");
const UNASKED: Rule = Rule::new("change-unasked", "A task changes when somebody asked for it.");
pub(super) const RULES: &[Rule] = &[TWICE, REFUSED, UNASKED];

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    evidence.known_tasks().into_iter().flat_map(|task| of_task(evidence, task)).collect()
}

fn of_task(evidence: &Evidence, task: Uuid) -> Vec<Violation> {
    let operations: Vec<&Performed> = evidence.operations(task).collect();
    // Those that may account for one change more, whatever version that is.
    let mut open: Vec<&Performed> = operations
        .iter()
        .copied()
        .filter(|operation| {
            operation.accepted().map_or(operation.is_unknown(), |answer| answer.version.is_none())
        })
        .collect();
    // Events of versions that never were are for another rule.
    let Some(row) = evidence.task(task) else { return Vec::new() };
    let in_series = row.series().is_some();
    let mut found = Vec::new();
    for (version, event) in evidence.history(task).each().filter(|(version, _)| *version <= row.version) {
        let taken = operations.iter().any(|operation| {
            let answered = operation.accepted().and_then(|answer| answer.version);
            answered == Some(version) && is_change_of(&operation.what, event)
        });
        if taken {
            continue;
        }
        if let Some(place) = open.iter().position(|operation| is_change_of(&operation.what, event)) {
            open.swap_remove(place);
        } else if !(in_series && by_itself(event)) {
            found.push(whose(task, version, event, &operations));
        }
    }
    found
}

/// What Almanac does to instances without being asked by a person.
fn by_itself(event: &Entry) -> bool {
    matches!(event.kind.as_str(), "task.created" | "task.deleted" | "task.restored")
}

fn whose(task: Uuid, version: i64, event: &Entry, operations: &[&Performed]) -> Violation {
    let evidence = format!("version {version} is {} with title {:?}", event.kind, event.member("title"));
    let alike = || operations.iter().filter(|operation| is_change_of(&operation.what, event));
    let refused = alike().find(|operation| matches!(operation.outcome, Outcome::Refused(_)));
    let other = alike().find(|operation| !matches!(operation.outcome, Outcome::Refused(_)));
    let subject = |operation: &Performed| format!("{} of task {task}", operation.label());
    match (other, refused) {
        (Some(operation), _) => TWICE.broken(subject(operation), evidence),
        (None, Some(operation)) => REFUSED.broken(subject(operation), evidence),
        (None, None) => UNASKED.broken(format!("task {task}"), evidence),
    }
}
