//! Each notification goes out by each channel once, and to its end.

use std::collections::HashMap;

use uuid::Uuid;

use crate::{
    Evidence, Rule, Violation,
    evidence::{Delivery, Notification, firing},
};

const MISSING: Rule = Rule::new("delivery-missing", "A notification goes to the inbox and by mail.");
const DOUBLED: Rule = Rule::new("delivery-doubled", "A notification has one delivery a channel.");
const STUCK: Rule = Rule::new("delivery-stuck", "A delivery comes to its end.");
const FAILED: Rule = Rule::new("delivery-failed", "A delivery is not given up.");
pub(super) const RULES: &[Rule] = &[MISSING, DOUBLED, STUCK, FAILED];

const CHANNELS: [&str; 2] = ["in_app", "email"];

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    let mut by_notification: HashMap<Uuid, Vec<&Delivery>> = HashMap::new();
    for delivery in &evidence.database.deliveries {
        by_notification.entry(delivery.notification_id).or_default().push(delivery);
    }
    let mut found = Vec::new();
    for notification in &evidence.database.notifications {
        let deliveries = by_notification.remove(&notification.id).unwrap_or_default();
        found.extend(CHANNELS.iter().filter_map(|channel| of_channel(notification, &deliveries, channel)));
    }
    found.extend(evidence.database.deliveries.iter().filter_map(unfinished));
    found
}

fn of_channel(notification: &Notification, deliveries: &[&Delivery], channel: &str) -> Option<Violation> {
    let subject = format!("{} by {channel}", firing(notification.reminder_id, notification.generation));
    match deliveries.iter().filter(|delivery| delivery.channel == channel).count() {
        0 => Some(MISSING.broken(subject, format!("notification {} has none", notification.id))),
        1 => None,
        several => Some(DOUBLED.broken(subject, format!("notification {} has {several}", notification.id))),
    }
}

fn unfinished(delivery: &Delivery) -> Option<Violation> {
    let rule = match delivery.status.as_str() {
        "pending" | "sending" => STUCK,
        "failed" => FAILED,
        _ => return None,
    };
    let Delivery { id, channel, status, attempts, last_error, .. } = delivery;
    let last = last_error.as_deref().unwrap_or("no error");
    let evidence = format!("{channel}, {status} after {attempts} attempts: {last}");
    Some(rule.broken(format!("delivery {id}"), evidence))
}
