//! What people see by the API is what is stored: the tasks in their lists, their inbox, each task's history.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::{
    Evidence, Rule, Violation,
    evidence::{Shown, View},
};

const DIFFERS: Rule = Rule::new("api-differs", "The API shows what is stored, each once.");
pub(super) const RULES: &[Rule] = &[DIFFERS];

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    let mut entries: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
    for (task, event) in
        evidence.database.entries.iter().filter_map(|entry| Some((entry.task_id?, entry.event_id)))
    {
        entries.entry(task).or_default().push(event);
    }
    evidence.views.iter().flat_map(|view| of_person(evidence, view, &entries)).collect()
}

fn of_person(evidence: &Evidence, view: &View, entries: &BTreeMap<Uuid, Vec<Uuid>>) -> Vec<Violation> {
    let own = evidence.database.tasks.iter().filter(|task| task.owner == view.user && !task.deleted);
    let stored: Vec<Shown> = own
        .map(|task| Shown {
            id: task.id,
            version: task.version,
            title: task.title().to_owned(),
            status: if task.done { "done" } else { "open" }.to_owned(),
        })
        .collect();
    let mut found = differences(&stored, &view.tasks, |task| format!("task {}", task.id));
    let told =
        evidence.database.notifications.iter().filter(|one| one.user_id == view.user && !one.superseded);
    let told: Vec<Uuid> = told.map(|notification| notification.id).collect();
    found.extend(differences(&told, &view.inbox, |id| format!("notification {id}")));
    for (task, events) in &view.histories {
        let stored = entries.get(task).map(Vec::as_slice).unwrap_or_default();
        found.extend(differences(stored, events, |event| format!("event {event} of task {task}")));
    }
    found
}

/// Stored and not shown, shown and not stored, shown twice.
fn differences<T: Ord + std::fmt::Debug>(
    stored: &[T],
    shown: &[T],
    name: impl Fn(&T) -> String,
) -> Vec<Violation> {
    let (stored, mut seen): (BTreeSet<&T>, BTreeSet<&T>) = (stored.iter().collect(), BTreeSet::new());
    let mut found = Vec::new();
    for item in shown {
        if !stored.contains(item) {
            found.push(DIFFERS.broken(name(item), format!("shown, not stored: {item:?}")));
        } else if !seen.insert(item) {
            found.push(DIFFERS.broken(name(item), format!("shown twice: {item:?}")));
        }
    }
    let hidden = stored.difference(&seen);
    found.extend(hidden.map(|item| DIFFERS.broken(name(item), format!("stored, not shown: {item:?}"))));
    found
}
