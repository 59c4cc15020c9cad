//! Each completed or skipped instance of a series that goes on has exactly one next, and the ledger says so; a series
//! ends by its COUNT, its UNTIL or a person, and by nothing else.

mod limits;

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use crate::{
    Evidence, Rule, Violation,
    evidence::{LedgerEntry, Task},
    log::Operation,
};

const MISSING: Rule = Rule::new("next-instance-missing", "A closed instance is followed by one.");
const DOUBLED: Rule = Rule::new("next-instance-doubled", "A closed instance is followed by one alone.");
const UNASKED: Rule = Rule::new("next-instance-unasked", "An open instance is not followed yet.");
const WITHDRAWN: Rule =
    Rule::new("instance-not-withdrawn", "What was withdrawn is in the trash, or never was.");
const DIFFERS: Rule = Rule::new("ledger-differs", "An instance is the occurrence the ledger says.");
pub(super) const RULES: &[Rule] =
    &[MISSING, DOUBLED, UNASKED, WITHDRAWN, DIFFERS, limits::OVERRAN, limits::ENDED];

/// A series as it is found.
struct Series<'a> {
    id: Uuid,
    tasks: Vec<&'a Task>,
    ledger: HashMap<Uuid, &'a LedgerEntry>,
    /// Each id the ledger gives to a next instance.
    named: HashSet<Uuid>,
    /// A person changed the rule or ended it, or may have.
    edited: bool,
}

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    all(evidence).iter().flat_map(|series| of_series(evidence, series)).collect()
}

fn all(evidence: &Evidence) -> Vec<Series<'_>> {
    let mut by_id: BTreeMap<Uuid, Vec<&Task>> = BTreeMap::new();
    for task in &evidence.database.tasks {
        if let Some(series) = task.series() {
            by_id.entry(series).or_default().push(task);
        }
    }
    let mut ledgers: HashMap<Uuid, Vec<&LedgerEntry>> = HashMap::new();
    for entry in &evidence.database.ledger {
        ledgers.entry(entry.series_id).or_default().push(entry);
    }
    by_id
        .into_iter()
        .map(|(id, tasks)| {
            let ledger = ledgers.remove(&id).unwrap_or_default();
            Series {
                id,
                edited: tasks.iter().any(|task| did(evidence, task.id, edits_series)),
                tasks,
                named: ledger.iter().map(|entry| entry.next_id).collect(),
                ledger: ledger.into_iter().map(|entry| (entry.predecessor, entry)).collect(),
            }
        })
        .collect()
}

fn of_series(evidence: &Evidence, series: &Series<'_>) -> Vec<Violation> {
    let mut found: Vec<Violation> = Vec::new();
    for task in series.tasks.iter().filter(|task| !task.deleted) {
        found.extend(if task.done {
            after_closed(evidence, series, task)
        } else {
            after_open(evidence, series, task)
        });
    }
    found.extend(doubled(evidence, series));
    found.extend(series.ledger.values().filter_map(|entry| differs(evidence, series, entry)));
    found.extend(limits::check(evidence, series));
    found
}

fn after_closed(evidence: &Evidence, series: &Series<'_>, task: &Task) -> Option<Violation> {
    let missing = |why: String| Some(MISSING.broken(subject(series, task), why));
    let Some(entry) = series.ledger.get(&task.id) else { return missing("the ledger has no entry".into()) };
    match entry.status.as_str() {
        "created" | "kept" => match evidence.task(entry.next_id) {
            None => missing(format!("task {} is not there", entry.next_id)),
            Some(next) if next.deleted && !did(evidence, next.id, deletes) => {
                missing(format!("task {} is in the trash, where nobody put it", next.id))
            }
            Some(_) => None,
        },
        // Also when a person ended the series after closing it.
        "withdrawn" if !series.edited => missing(format!("task {} was withdrawn", entry.next_id)),
        _ => None,
    }
}

fn after_open(evidence: &Evidence, series: &Series<'_>, task: &Task) -> Option<Violation> {
    let entry = series.ledger.get(&task.id)?;
    let next = evidence.task(entry.next_id).filter(|next| !next.deleted)?;
    match entry.status.as_str() {
        // A series that keeps each goes on while an instance is open.
        "created" if task.state["series"]["recurrence"]["missed"] != "keep_each" => {
            Some(UNASKED.broken(subject(series, task), format!("it is open; task {} follows it", next.id)))
        }
        "withdrawn" if !did(evidence, next.id, restores) => {
            Some(WITHDRAWN.broken(subject(series, task), format!("task {} is there", next.id)))
        }
        _ => None,
    }
}

/// A person who changes a series may give its instances other names.
fn differs(evidence: &Evidence, series: &Series<'_>, entry: &LedgerEntry) -> Option<Violation> {
    let next = evidence.task(entry.next_id).filter(|_| !series.edited)?;
    let same = next.series() == Some(series.id) && next.occurrence() == entry.occurrence;
    (!same).then(|| {
        let evidence = format!(
            "it is {:?} of series {:?}; planned was {:?}",
            next.occurrence(),
            next.series(),
            entry.occurrence
        );
        DIFFERS.broken(subject(series, next), evidence)
    })
}

/// The first instance was made by a person; every other is named by the ledger.
fn doubled(evidence: &Evidence, series: &Series<'_>) -> Vec<Violation> {
    let unnamed: Vec<&&Task> = series.tasks.iter().filter(|task| !series.named.contains(&task.id)).collect();
    if unnamed.len() < 2 {
        return Vec::new();
    }
    let (by_people, nobodys): (Vec<&Task>, Vec<&Task>) =
        unnamed.into_iter().copied().partition(|task| did(evidence, task.id, makes_first));
    let first = by_people.first().map(|task| task.id);
    let extra = by_people.iter().skip(1).chain(&nobodys);
    extra
        .map(|task| {
            let beside = series
                .tasks
                .iter()
                .find(|other| other.id != task.id && other.occurrence() == task.occurrence());
            let beside = beside
                .map_or_else(|| format!("first is {first:?}"), |other| format!("beside task {}", other.id));
            DOUBLED.broken(subject(series, task), format!("no ledger names it; {beside}"))
        })
        .collect()
}

/// Whether a client did something to a task, or may have.
fn did(evidence: &Evidence, task: Uuid, is: fn(&Operation) -> bool) -> bool {
    evidence.operations(task).any(|operation| is(&operation.what))
}

fn edits_series(what: &Operation) -> bool {
    matches!(what, Operation::EndRecurrence { .. } | Operation::Edit { changes_series: true, .. })
}

/// A task may also become an instance by an edit.
fn makes_first(what: &Operation) -> bool {
    matches!(what, Operation::Create { .. } | Operation::Edit { changes_series: true, .. })
}

fn deletes(what: &Operation) -> bool {
    matches!(what, Operation::Delete { .. })
}

fn restores(what: &Operation) -> bool {
    matches!(what, Operation::Restore { .. })
}

fn subject(series: &Series<'_>, task: &Task) -> String {
    format!("task {} of series {}", task.id, series.id)
}
