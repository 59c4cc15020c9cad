//! Each generation of a reminder fires once and never early, by the database's clock; what is wanted fires, what is not
//! does not.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    Evidence, Rule, Violation,
    clients::Performed,
    evidence::{Reminder, Task, firing},
    log::Operation,
};

const EARLY: Rule = Rule::new("reminder-early", "A reminder never fires before its time.");
const TWICE: Rule = Rule::new("reminder-fired-twice", "A generation of a reminder fires once.");
const LOST: Rule = Rule::new("reminder-lost", "A reminder whose time has come has fired.");
const UNWANTED: Rule = Rule::new("reminder-unwanted", "What is done, in the trash or moved does not remind.");
pub(super) const RULES: &[Rule] = &[EARLY, TWICE, LOST, UNWANTED];

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    let mut found = early(evidence);
    found.extend(twice(evidence));
    found.extend(lost(evidence));
    found.extend(pending_in_vain(evidence));
    found.extend(fired_after_closing(evidence));
    found
}

/// By its row, and by what people were shown, whichever is later.
fn early(evidence: &Evidence) -> Vec<Violation> {
    let shown = first_shown(evidence);
    let early = |row: &Reminder| {
        let fired_at = row.fired_at?;
        let due = shown.get(&row.reminder_id).map_or(row.fires_at, |shown| row.fires_at.max(*shown));
        (fired_at < due).then(|| EARLY.broken(row.label(), format!("it fired at {fired_at}, due at {due}")))
    };
    evidence.database.reminders.iter().filter_map(early).collect()
}

/// The earliest time each reminder was shown at. Where an answer is missing, or the task is in a series, there may have
/// been an earlier one.
fn first_shown(evidence: &Evidence) -> HashMap<Uuid, DateTime<Utc>> {
    let mut first: HashMap<Uuid, DateTime<Utc>> = HashMap::new();
    for task in evidence.database.tasks.iter().filter(|task| task.series().is_none()) {
        if evidence.operations(task.id).any(|operation| !operation.what.is_read() && operation.is_unknown()) {
            continue;
        }
        let answers = evidence.operations(task.id).filter_map(Performed::accepted);
        for reminder in answers.filter_map(|answer| answer.task.as_ref()).flat_map(|task| &task.reminders) {
            if let Some(fires_at) = reminder.fires_at {
                first.entry(reminder.id).and_modify(|at| *at = fires_at.min(*at)).or_insert(fires_at);
            }
        }
    }
    first
}

fn twice(evidence: &Evidence) -> Vec<Violation> {
    let mut told: HashMap<(Uuid, i32), Vec<String>> = HashMap::new();
    for entry in evidence.database.entries.iter().filter(|entry| entry.kind == "reminder.fired") {
        if let Some(key) = entry.firing() {
            told.entry(key).or_default().push(entry.event_id.to_string());
        }
    }
    let several = told.into_iter().filter(|(_, events)| events.len() > 1);
    several
        .map(|((reminder, generation), events)| {
            TWICE.broken(firing(reminder, generation), format!("events {}", events.join(", ")))
        })
        .collect()
}

/// Overdue and pending; or wanted by its task and not there, or cleared.
fn lost(evidence: &Evidence) -> Vec<Violation> {
    let rows: HashMap<(Uuid, i32), &Reminder> =
        evidence.database.reminders.iter().map(|row| ((row.reminder_id, row.generation), row)).collect();
    let now = evidence.database.now;
    let overdue = rows.values().filter(|row| row.status == "pending" && row.fires_at <= now);
    let overdue =
        overdue.map(|row| LOST.broken(row.label(), format!("due at {}, pending at {now}", row.fires_at)));
    let live = evidence.database.tasks.iter().filter(|task| task.is_live());
    let wanted = live.flat_map(|task| task.armed().into_iter().map(move |armed| (task, armed)));
    let gone = wanted.filter_map(|(task, (id, generation, fires_at))| {
        let why = match rows.get(&(id, generation)) {
            None => "it has no row",
            Some(row) if row.status == "cleared" => "it was cleared",
            Some(_) => return None,
        };
        Some(LOST.broken(firing(id, generation), format!("task {} wants it at {fires_at}; {why}", task.id)))
    });
    overdue.chain(gone).collect()
}

/// Pending, though its task is closed or has the reminder at another time.
fn pending_in_vain(evidence: &Evidence) -> Vec<Violation> {
    let wanted = |row: &Reminder, task: &Task| {
        let is_this =
            |(id, generation, _): &(Uuid, i32, _)| *id == row.reminder_id && *generation == row.generation;
        task.is_live() && task.armed().iter().any(is_this)
    };
    let pending = evidence.database.reminders.iter().filter(|row| row.status == "pending");
    pending
        .filter(|row| !evidence.task(row.task_id).is_some_and(|task| wanted(row, task)))
        .map(|row| {
            UNWANTED.broken(row.label(), format!("it is pending; task {} does not want it", row.task_id))
        })
        .collect()
}

/// Fired between the answer to what closed its task and the next that anybody did to it.
fn fired_after_closing(evidence: &Evidence) -> Vec<Violation> {
    let mut by_task: HashMap<Uuid, Vec<&Reminder>> = HashMap::new();
    for row in evidence.database.reminders.iter().filter(|row| row.status == "fired") {
        by_task.entry(row.task_id).or_default().push(row);
    }
    let mut found = Vec::new();
    for (task, rows) in by_task {
        // Of an instance, the series may open it again.
        if evidence.task(task).is_none_or(|task| task.series().is_some()) {
            continue;
        }
        let commands: Vec<&Performed> = evidence.operations(task).filter(|op| !op.what.is_read()).collect();
        for closing in commands.iter().filter(|operation| closes(&operation.what)) {
            let Some((from, until)) = quiet_after(closing, &commands) else { continue };
            let within = |at: &DateTime<Utc>| *at > from && until.is_none_or(|until| *at < until);
            for row in rows.iter().filter(|row| row.fired_at.as_ref().is_some_and(within)) {
                let why = format!(
                    "it fired at {:?}, after {} was answered at {from}",
                    row.fired_at,
                    closing.label()
                );
                found.push(UNWANTED.broken(row.label(), why));
            }
        }
    }
    found.sort();
    found.dedup_by(|one, other| one.subject == other.subject);
    found
}

fn closes(what: &Operation) -> bool {
    matches!(what, Operation::Complete { .. } | Operation::Skip { .. } | Operation::Delete { .. })
}

/// From the answer until the next command is sent, if nothing else was under way.
fn quiet_after(
    operation: &Performed,
    commands: &[&Performed],
) -> Option<(DateTime<Utc>, Option<DateTime<Utc>>)> {
    operation.accepted()?;
    let others = || commands.iter().filter(|other| other.number != operation.number);
    if others().any(|other| other.overlaps(operation)) {
        return None;
    }
    let later = others().filter(|other| other.first_sent > operation.first_sent);
    Some((operation.known?.at, later.map(|other| other.first_sent.at).min()))
}
