//! A reminder that a client was shown, of an open task that is left alone until well after its time, fires at that time.
//! It needs no look at what the task says now, so it also finds what was lost with the task's own knowledge of it.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{
    Evidence, Rule, Violation,
    clients::Performed,
    evidence::{Reminder, Task},
    outages::Outages,
};

const LOST: Rule =
    Rule::new("promised-reminder-lost", "A reminder that was shown and left alone fires at that time.");
pub(super) const RULES: &[Rule] = &[LOST];

pub(super) fn check(evidence: &Evidence, outages: &Outages, recovery: TimeDelta) -> Vec<Violation> {
    let mut rows: HashMap<Uuid, Vec<&Reminder>> = HashMap::new();
    for row in &evidence.database.reminders {
        rows.entry(row.reminder_id).or_default().push(row);
    }
    let mut found = Vec::new();
    for task in &evidence.database.tasks {
        let commands: Vec<&Performed> =
            evidence.operations(task.id).filter(|operation| !operation.what.is_read()).collect();
        for operation in &commands {
            for (id, fires_at) in shown(operation, task) {
                let missed = fires_at + recovery;
                let undisturbed = missed < evidence.database.now
                    && !outages.touch(fires_at, missed)
                    && commands.iter().all(|other| is_out_of_the_way(other, operation, missed));
                if undisturbed && is_nowhere(rows.get(&id), task, id, fires_at) {
                    let why = format!("{} was shown it for {fires_at}", operation.label());
                    found.push(LOST.broken(format!("reminder {id} at {fires_at}"), why));
                }
            }
        }
    }
    found.sort();
    found.dedup_by(|one, other| one.subject == other.subject);
    found
}

/// The reminders an answer shows as still ahead. What is in a series may be put into the trash by it.
fn shown(operation: &Performed, task: &Task) -> Vec<(Uuid, DateTime<Utc>)> {
    let ahead = |operation: &Performed| {
        let (known, shown) = (operation.known?.at, operation.accepted()?.task.as_ref()?);
        let reminders = shown.reminders.iter().filter_map(|one| Some((one.id, one.fires_at?)));
        (shown.status == "open" && task.series().is_none())
            .then(|| reminders.filter(|(_, at)| *at > known).collect())
    };
    ahead(operation).unwrap_or_default()
}

fn is_out_of_the_way(other: &Performed, operation: &Performed, until: DateTime<Utc>) -> bool {
    let before = other.known.is_some_and(|known| known < operation.first_sent);
    other.number == operation.number || before || other.first_sent.at > until
}

/// No firing at that time, and nothing that another rule names.
fn is_nowhere(rows: Option<&Vec<&Reminder>>, task: &Task, id: Uuid, fires_at: DateTime<Utc>) -> bool {
    let mut rows = rows.into_iter().flatten().filter(|row| row.fires_at == fires_at);
    let wanted = task.is_live() && task.armed().iter().any(|(armed, _, at)| *armed == id && *at == fires_at);
    !wanted && rows.all(|row| row.status == "cleared")
}
