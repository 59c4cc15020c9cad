//! No accepted command is lost: the version a 2xx names exists, and is that command's own change or one that already
//! was as asked.

use crate::{
    Evidence, Rule, Violation,
    clients::Performed,
    evidence::{Entry, State},
    log::{Answer, Operation},
};

const LOST: Rule = Rule::new("accepted-command-lost", "What was accepted is there.");
pub(super) const RULES: &[Rule] = &[LOST];

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    let commands = evidence.clients.operations.iter().filter(|operation| !operation.what.is_read());
    let accepted = commands.filter_map(|operation| Some((operation, operation.accepted()?)));
    accepted
        .filter_map(|(operation, answer)| {
            let why = lost(evidence, operation, answer)?;
            Some(LOST.broken(operation.label(), why))
        })
        .collect()
}

fn lost(evidence: &Evidence, operation: &Performed, answer: &Answer) -> Option<String> {
    let Some(id) = operation.what.task().or(answer.task.as_ref().map(|task| task.id)) else {
        return Some("it was accepted without telling which task it made".into());
    };
    let Some(task) = evidence.task(id) else { return Some(format!("task {id} is not there")) };
    let history = evidence.history(id);
    let Some(version) = answer.version else {
        // Putting into the trash answers no version.
        let kind = kind_of(&operation.what)?;
        let whole = history.states(task.version).is_some();
        return (whole && !history.has(kind)).then(|| format!("task {id} has no {kind} in its history"));
    };
    if version > task.version {
        return Some(format!("it was answered version {version}; task {id} is at {}", task.version));
    }
    // A version without its event is what `event-lost` tells.
    let event = history.at(version).first()?;
    if is_change_of(&operation.what, event) {
        return None;
    }
    let states = history.states(version)?;
    let state = states.last()?;
    (!was_so_already(&operation.what, state)).then(|| {
        format!("version {version} of task {id} is {} with title {:?}", event.kind, event.member("title"))
    })
}

/// The event that tells of such a command's change.
pub(super) fn kind_of(what: &Operation) -> Option<&'static str> {
    Some(match what {
        Operation::Create { .. } => "task.created",
        Operation::Edit { .. } | Operation::EndRecurrence { .. } => "task.updated",
        Operation::Complete { .. } => "task.completed",
        Operation::Skip { .. } => "task.skipped",
        Operation::Reopen { .. } => "task.reopened",
        Operation::Delete { .. } => "task.deleted",
        Operation::Restore { .. } => "task.restored",
        Operation::Read { .. } => return None,
    })
}

/// Whether an event may tell of this operation's change. Titles are used once, so one that was set says whose it is.
pub(super) fn is_change_of(what: &Operation, event: &Entry) -> bool {
    let titled = match what {
        Operation::Create { title, .. } => event.member("title") == title,
        Operation::Edit { title: Some(title), .. } => {
            event.changed("title") && event.member("title") == title
        }
        Operation::Edit { title: None, .. } | Operation::EndRecurrence { .. } => !event.changed("title"),
        _ => true,
    };
    titled && kind_of(what) == Some(event.kind.as_str())
}

/// Whether the command had nothing to do.
fn was_so_already(what: &Operation, state: &State) -> bool {
    match what {
        Operation::Complete { .. } | Operation::Skip { .. } => state.done && !state.deleted,
        Operation::Reopen { .. } => !state.done && !state.deleted,
        Operation::Delete { .. } => state.deleted,
        Operation::Restore { .. } => !state.deleted,
        Operation::Edit { title: Some(title), .. } => state.title == *title,
        Operation::Edit { title: None, .. } | Operation::EndRecurrence { .. } => true,
        Operation::Create { .. } | Operation::Read { .. } => false,
    }
}
