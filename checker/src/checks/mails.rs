//! A mail that was delivered is in the mailbox, once, and once more at most for each attempt whose outcome nobody
//! knows; a repetition has the same Message-ID, by which readers recognise it.

use std::collections::HashMap;

use uuid::Uuid;

use crate::{
    Evidence, Rule, Violation,
    evidence::{Delivery, Mail},
};

const LOST: Rule = Rule::new("mail-lost", "A delivered mail is in the mailbox.");
const DOUBLED: Rule = Rule::new("mail-doubled", "There is at most one mail more for each unknown outcome.");
const UNFOUNDED: Rule =
    Rule::new("mail-unfounded", "A mail belongs to a delivery, by its Message-ID, and its reader.");
pub(super) const RULES: &[Rule] = &[LOST, DOUBLED, UNFOUNDED];

pub(super) fn check(evidence: &Evidence) -> Vec<Violation> {
    let Some(mails) = &evidence.mails else { return Vec::new() };
    let mut sent: HashMap<Option<Uuid>, Vec<&Mail>> = HashMap::new();
    for mail in mails {
        sent.entry(mail.delivery()).or_default().push(mail);
    }
    let mut found = Vec::new();
    for delivery in evidence.database.deliveries.iter().filter(|delivery| delivery.channel == "email") {
        let mails = sent.remove(&Some(delivery.id)).unwrap_or_default();
        found.extend(judge(delivery, mails.len()));
        let reader = reader(evidence, delivery);
        let strange = mails.iter().filter(|mail| reader.is_some_and(|reader| mail.to != [reader]));
        found.extend(strange.map(|mail| {
            UNFOUNDED
                .broken(format!("mail {}", mail.message_id), format!("it went to {}", mail.to.join(", ")))
        }));
    }
    let nobodys = sent.into_values().flatten();
    found.extend(nobodys.map(|mail| {
        UNFOUNDED.broken(format!("mail {}", mail.message_id), "no delivery has this Message-ID")
    }));
    found
}

/// Attempts are counted before sending, so each but the one that was recorded may have sent one, too.
fn judge(delivery: &Delivery, mails: usize) -> Option<Violation> {
    let attempts = usize::try_from(delivery.attempts).unwrap_or(0);
    let subject = format!("delivery {}", delivery.id);
    if mails == 0 && delivery.status == "delivered" {
        return Some(LOST.broken(subject, "it was delivered; no mail has its Message-ID"));
    }
    (mails > attempts).then(|| DOUBLED.broken(subject, format!("{mails} mails after {attempts} attempts")))
}

fn reader<'a>(evidence: &'a Evidence, delivery: &Delivery) -> Option<&'a str> {
    let notifications = &evidence.database.notifications;
    let place = notifications.binary_search_by_key(&delivery.notification_id, |one| one.id).ok()?;
    let user = notifications[place].user_id;
    let account = evidence.clients.accounts.iter().find(|account| account.user == user)?;
    Some(&account.email)
}
