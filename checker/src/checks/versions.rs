//! Versions have no gap, and the state is what the versions' events made of it.

use uuid::Uuid;

use crate::{
    Evidence, Rule, Violation,
    evidence::{State, Task},
};

const GAP: Rule = Rule::new("version-gap", "A task's versions are 1, 2, 3… without a gap.");
const DIFFERS: Rule = Rule::new("state-differs", "A task is what its events made of it.");
pub(super) const RULES: &[Rule] = &[GAP, DIFFERS];

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    let tasks = &evidence.database.tasks;
    tasks.iter().flat_map(|task| gaps(evidence, task).chain(differs(evidence, task))).collect()
}

/// A version that no event tells of and no command can have made was never there. If one can have, the event
/// is what was lost.
fn gaps<'a>(evidence: &'a Evidence, task: &'a Task) -> impl Iterator<Item = Violation> + 'a {
    let missing = (1..=task.version).filter(|version| evidence.history(task.id).at(*version).is_empty());
    missing.filter(|version| !may_have_been(evidence, task.id, *version)).map(|version| {
        let evidence = format!("the task is at version {}; nobody made version {version}", task.version);
        GAP.broken(format!("task {}", task.id), evidence)
    })
}

/// Whether a command, or the series a task is in, can have made a version of which no event tells.
pub(super) fn may_have_been(evidence: &Evidence, task: Uuid, version: i64) -> bool {
    let in_series = evidence.task(task).is_some_and(|task| task.series().is_some());
    in_series
        || evidence.operations(task).filter(|operation| !operation.what.is_read()).any(|operation| {
            match operation.accepted() {
                Some(answer) => answer.version.is_none_or(|answered| answered == version),
                None => operation.is_unknown(),
            }
        })
}

fn differs(evidence: &Evidence, task: &Task) -> Option<Violation> {
    let told = evidence.history(task.id).states(task.version)?.pop()?;
    let State { title, done, deleted } = &told;
    let same = task.title() == title && task.done == *done && task.deleted == *deleted;
    (!same).then(|| {
        let stored = State { title: task.title().to_owned(), done: task.done, deleted: task.deleted };
        DIFFERS.broken(format!("task {}", task.id), format!("stored {stored:?}, by its events {told:?}"))
    })
}
