//! Each firing is told by one notification, and one is hidden only for a reason: its task was closed or moved.

use std::collections::HashMap;

use uuid::Uuid;

use crate::{
    Evidence, Rule, Violation,
    evidence::{Notification, firing},
};

const LOST: Rule = Rule::new("notification-lost", "A firing is told.");
const DOUBLED: Rule = Rule::new("notification-doubled", "A firing is told once.");
const UNFOUNDED: Rule = Rule::new("notification-unfounded", "What is told has fired.");
const HIDDEN: Rule = Rule::new("superseded-without-reason", "Only what is closed or moved is superseded.");
pub(super) const RULES: &[Rule] = &[LOST, DOUBLED, UNFOUNDED, HIDDEN];

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    let mut told: HashMap<(Uuid, i32), Vec<&Notification>> = HashMap::new();
    for notification in &evidence.database.notifications {
        told.entry((notification.reminder_id, notification.generation)).or_default().push(notification);
    }
    let mut found = Vec::new();
    for row in evidence.database.reminders.iter().filter(|row| row.status == "fired") {
        match told.remove(&(row.reminder_id, row.generation)).unwrap_or_default().as_slice() {
            [] => found.push(LOST.broken(row.label(), format!("it fired at {:?}", row.fired_at))),
            [_] => {}
            several => {
                let ids: Vec<String> = several.iter().map(|one| one.id.to_string()).collect();
                found.push(DOUBLED.broken(row.label(), format!("notifications {}", ids.join(", "))));
            }
        }
    }
    let unfounded = told.into_iter().map(|((reminder, generation), _)| {
        UNFOUNDED.broken(firing(reminder, generation), "it is told, but did not fire")
    });
    found.extend(unfounded);
    found.extend(hidden(evidence));
    found
}

/// The inbox' entry, or the mail alone.
fn hidden(evidence: &Evidence) -> Vec<Violation> {
    let by_id: HashMap<Uuid, &Notification> =
        evidence.database.notifications.iter().map(|notification| (notification.id, notification)).collect();
    let whole = evidence.database.notifications.iter().filter(|one| one.superseded).map(|one| (one, one.id));
    let superseded = evidence.database.deliveries.iter().filter(|delivery| delivery.status == "superseded");
    let alone = superseded
        .filter_map(|delivery| Some((*by_id.get(&delivery.notification_id)?, delivery.id)))
        .filter(|(notification, _)| !notification.superseded);
    whole
        .chain(alone)
        .filter(|(notification, _)| !has_reason(evidence, notification))
        .map(|(notification, id)| {
            let subject = firing(notification.reminder_id, notification.generation);
            let why = format!("{id} is superseded; task {} was never closed or moved", notification.task_id);
            HIDDEN.broken(subject, why)
        })
        .collect()
}

fn has_reason(evidence: &Evidence, notification: &Notification) -> bool {
    let Some(task) = evidence.task(notification.task_id) else { return true };
    let history = evidence.history(task.id);
    let closed = ["task.completed", "task.skipped", "task.deleted"].iter().any(|kind| history.has(kind));
    let moved = || {
        let is_another = |(id, generation, _): &(Uuid, i32, _)| {
            *id == notification.reminder_id && *generation == notification.generation
        };
        !task.armed().iter().any(is_another)
    };
    // A reason that no event tells, because it is missing, is not for this rule to judge.
    closed || !task.is_live() || moved() || history.states(task.version).is_none()
}
