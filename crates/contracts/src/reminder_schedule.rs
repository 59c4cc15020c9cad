//! Messages to the `ReminderSchedule` actor, each user's clock; its id is the user's.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::message;

/// Fires every reminder of this user that is due, and sets the clock for the next one. May be
/// sent any number of times, by anybody: a change of a task, the Dapr reminder, a timer, the sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReminders;

/// What a check did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemindersChecked {
    /// How many reminders this check fired.
    pub fired: u32,
    /// When the next one is due.
    pub next: Option<DateTime<Utc>>,
}

/// A check is never refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Never {}

message!(CheckReminders => "ReminderSchedule" / "check", RemindersChecked, Never);
