//! Answers never go back: an operation that began after another was answered sees at least that version. It is what
//! linearisability asks of one task, by the versions in the answers.

use uuid::Uuid;

use crate::{
    Evidence, Rule, Violation,
    clients::{Outcome, Performed},
    log::Answer,
};

const BACK: Rule = Rule::new("went-back", "Who asks after an answer sees at least what it told.");
pub(super) const RULES: &[Rule] = &[BACK];

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    evidence.known_tasks().into_iter().flat_map(|task| of_task(evidence, task)).collect()
}

fn of_task(evidence: &Evidence, task: Uuid) -> Vec<Violation> {
    // Versions by when they were told.
    let mut told: Vec<(u64, i64)> = evidence
        .operations(task)
        .filter_map(|operation| Some((operation.known?.us, operation.accepted()?.version?)))
        .collect();
    told.sort_unstable();
    let mut told = told.into_iter().peekable();
    let mut floor = 0;
    let mut found = Vec::new();
    for operation in evidence.operations(task) {
        while let Some((_, version)) = told.next_if(|(us, _)| *us < operation.first_sent.us) {
            floor = floor.max(version);
        }
        if let Some(why) = went_back(evidence, task, operation, floor) {
            found.push(BACK.broken(format!("{} of task {task}", operation.label()), why));
        }
    }
    found
}

fn went_back(evidence: &Evidence, task: Uuid, operation: &Performed, floor: i64) -> Option<String> {
    let (Outcome::Accepted(answer) | Outcome::Refused(answer)) = &operation.outcome else { return None };
    match answer.version {
        Some(version) => (version < floor).then(|| format!("it was told version {version} after {floor}")),
        None => disappeared(evidence, task, answer, floor),
    }
}

/// Told that a task is nowhere, or in the trash, after it had been told a version.
fn disappeared(evidence: &Evidence, task: Uuid, answer: &Answer, floor: i64) -> Option<String> {
    if floor > 0 && answer.says("not-found") {
        return Some(format!("it was told that there is no such task, after version {floor}"));
    }
    if !answer.says("task-deleted") {
        return None;
    }
    let states = evidence.history(task).states(evidence.task(task)?.version)?;
    let from = usize::try_from(floor.max(1) - 1).ok()?;
    let in_trash = states.iter().skip(from).any(|state| state.deleted);
    (!in_trash).then(|| {
        format!("it was told that the task is in the trash, where it never was since version {floor}")
    })
}
