//! Everything that happened is audited once, and nothing else is: each version of a task, each firing, each settled
//! delivery, each decision of a series.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::versions::may_have_been;
use crate::{
    Evidence, Rule, Violation,
    evidence::{Entry, firing},
};

const LOST: Rule = Rule::new("event-lost", "What happened is audited.");
const DOUBLED: Rule = Rule::new("event-doubled", "What happened is audited once.");
const UNFOUNDED: Rule = Rule::new("event-unfounded", "What is audited happened.");
pub(super) const RULES: &[Rule] = &[LOST, DOUBLED, UNFOUNDED];

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    let mut found = of_tasks(evidence);
    found.extend(of_firings(evidence));
    found.extend(of_deliveries(evidence));
    found.extend(of_series(evidence));
    found
}

fn of_tasks(evidence: &Evidence) -> Vec<Violation> {
    let mut found = Vec::new();
    for task in &evidence.database.tasks {
        for version in 1..=task.version {
            let subject = format!("task {} version {version}", task.id);
            match evidence.history(task.id).at(version) {
                [] if may_have_been(evidence, task.id, version) => {
                    found.push(LOST.broken(subject, "no entry of the audit log tells of it"));
                }
                [] | [_] => {}
                several => found.push(DOUBLED.broken(subject, ids(several))),
            }
        }
    }
    for task in evidence.known_tasks() {
        let last = evidence.task(task).map_or(0, |task| task.version);
        for version in evidence.history(task).versions().filter(|version| !(1..=last).contains(version)) {
            let subject = format!("task {task} version {version}");
            found.push(UNFOUNDED.broken(subject, format!("the task is at version {last}")));
        }
    }
    found
}

/// Two for one firing are what `reminder-fired-twice` tells.
fn of_firings(evidence: &Evidence) -> Vec<Violation> {
    let told: HashSet<(Uuid, i32)> = of_kind(evidence, "reminder.fired").filter_map(Entry::firing).collect();
    let fired = evidence.database.reminders.iter().filter(|row| row.status == "fired");
    let fired: HashMap<(Uuid, i32), String> =
        fired.map(|row| ((row.reminder_id, row.generation), row.label())).collect();
    let lost = fired.iter().filter(|(key, _)| !told.contains(key));
    let lost = lost.map(|(_, label)| LOST.broken(label, "no reminder.fired in the audit log"));
    let unfounded = told.iter().filter(|key| !fired.contains_key(key)).map(|(reminder, generation)| {
        UNFOUNDED.broken(firing(*reminder, *generation), "reminder.fired is audited, but it did not fire")
    });
    lost.chain(unfounded).collect()
}

fn of_deliveries(evidence: &Evidence) -> Vec<Violation> {
    let mut told: HashMap<Uuid, Vec<&Entry>> = HashMap::new();
    for entry in evidence.database.entries.iter().filter(|entry| entry.kind.starts_with("notification.")) {
        told.entry(entry.uuid("delivery_id").unwrap_or_default()).or_default().push(entry);
    }
    let mut found = Vec::new();
    for delivery in &evidence.database.deliveries {
        let subject = format!("delivery {}", delivery.id);
        let entries = told.remove(&delivery.id).unwrap_or_default();
        let settled = matches!(delivery.status.as_str(), "delivered" | "superseded" | "failed");
        let kind = format!("notification.{}", delivery.status);
        let (right, wrong): (Vec<&Entry>, Vec<&Entry>) =
            entries.into_iter().partition(|entry| entry.kind == kind);
        match right.as_slice() {
            [] if settled => found.push(LOST.broken(&subject, format!("no {kind} in the audit log"))),
            [] | [_] => {}
            several => found.push(DOUBLED.broken(&subject, ids(several.iter().copied()))),
        }
        found.extend(wrong.iter().map(|entry| {
            UNFOUNDED.broken(&subject, format!("{} is audited; it is {}", entry.kind, delivery.status))
        }));
    }
    let nowhere = told.into_values().flatten();
    found.extend(
        nowhere
            .map(|entry| UNFOUNDED.broken(format!("event {}", entry.event_id), "there is no such delivery")),
    );
    found
}

/// A series may decide to and fro, so the last word is there at least once.
fn of_series(evidence: &Evidence) -> Vec<Violation> {
    let told: HashSet<(&str, Option<Uuid>, Option<Uuid>)> = evidence
        .database
        .entries
        .iter()
        .filter(|entry| entry.kind.starts_with("recurrence."))
        .map(|entry| (entry.kind.as_str(), entry.uuid("series_id"), entry.task_id))
        .collect();
    let mut found = Vec::new();
    for row in &evidence.database.ledger {
        let kind = match row.status.as_str() {
            "created" => "recurrence.instance_created",
            "withdrawn" => "recurrence.instance_withdrawn",
            "kept" => "recurrence.instance_kept",
            "over" => "recurrence.over",
            _ => continue,
        };
        if !told.contains(&(kind, Some(row.series_id), Some(row.predecessor))) {
            let subject = format!("task {} of series {}", row.predecessor, row.series_id);
            found.push(LOST.broken(subject, format!("no {kind} in the audit log")));
        }
    }
    let known: HashSet<(Option<Uuid>, Option<Uuid>)> =
        evidence.database.ledger.iter().map(|row| (Some(row.series_id), Some(row.predecessor))).collect();
    let strange = told.iter().filter(|(_, series, task)| !known.contains(&(*series, *task)));
    found.extend(strange.map(|(kind, series, task)| {
        let subject = format!("task {} of series {}", task.unwrap_or_default(), series.unwrap_or_default());
        UNFOUNDED.broken(subject, format!("{kind} is audited, but the ledger has no such entry"))
    }));
    found
}

fn of_kind<'a>(evidence: &'a Evidence, kind: &'a str) -> impl Iterator<Item = &'a Entry> {
    evidence.database.entries.iter().filter(move |entry| entry.kind == kind)
}

fn ids<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> String {
    let ids: Vec<String> = entries.into_iter().map(|entry| entry.event_id.to_string()).collect();
    format!("{} entries: {}", ids.len(), ids.join(", "))
}
