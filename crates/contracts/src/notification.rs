//! Messages to the `Notification` actor, each user's inbox; its id is the user's.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{events::ReminderDue, message, reminder_schedule::Never};

/// Puts a reminder into the user's inbox and queues its deliveries on the other channels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notify {
    pub reminder: ReminderDue,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notified {
    /// The notification's id: UUIDv5 of reminder and generation, so a second delivery makes no second one.
    pub notification_id: Uuid,
}

message!(Notify => "Notification" / "notify", Notified, Never);

/// A way a notification reaches its reader; written as in
/// [`DeliveryOutcome::channel`](crate::events::DeliveryOutcome).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    InApp,
    Email,
}

impl Channel {
    pub const ALL: [Channel; 2] = [Channel::InApp, Channel::Email];

    pub fn as_str(self) -> &'static str {
        match self {
            Channel::InApp => "in_app",
            Channel::Email => "email",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
