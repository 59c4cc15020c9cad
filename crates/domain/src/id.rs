//! Typed ids: a task's id cannot be passed where a user's is meant.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map($name)
            }
        }
    };
}

uuid_id! {
    /// Also the id of the `Task` actor.
    TaskId
}
uuid_id! {
    /// A person; also the id of their `ReminderSchedule` and `Notification` actors.
    UserId
}
uuid_id! {
    /// Made of the task's id and a counter, so that deciding again gives the same id.
    ReminderId
}

uuid_id! {
    /// Also the id of the `Recurrence` actor.
    SeriesId
}

uuid_id! {
    /// Also the id of the `Project` actor.
    ProjectId
}

uuid_id! {
    CommentId
}

impl SeriesId {
    /// Of the series that this task is the first instance of.
    pub fn of_first(task: TaskId) -> Self {
        SeriesId(Uuid::new_v5(&task.0, b"series"))
    }
}

impl ReminderId {
    pub(crate) fn nth(task: TaskId, n: u32) -> Self {
        ReminderId(Uuid::new_v5(&task.0, format!("reminder/{n}").as_bytes()))
    }
}
