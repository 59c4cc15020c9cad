//! A task as it is stored, and as it is shown.

use checker::log::ShownTask;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ADA, at};

/// A task's state.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) id: Uuid,
    pub(crate) title: String,
    pub(crate) done: bool,
    pub(crate) deleted: bool,
    /// Id, generation, instant.
    pub(crate) armed: Vec<(Uuid, i32, DateTime<Utc>)>,
    /// Its series, and the day of its occurrence.
    pub(crate) series: Option<(Uuid, u32)>,
}

impl Row {
    pub(crate) fn new(id: Uuid, title: &str) -> Self {
        Self { id, title: title.into(), done: false, deleted: false, armed: Vec::new(), series: None }
    }

    pub(super) fn state(&self) -> Value {
        let armed = |(id, generation, fires_at): &(Uuid, i32, DateTime<Utc>)| json!({"id": id, "generation": generation, "at": fires_at, "fires_at": fires_at, "armed": true});
        let mut state = json!({
            "id": self.id, "owner": ADA, "title": self.title, "created_at": at(0),
            "lifecycle": {"status": if self.done { "done" } else { "open" }},
            "deleted_at": self.deleted.then(|| at(0)),
            "reminders": self.armed.iter().map(armed).collect::<Vec<_>>(),
        });
        if let Some((series, day)) = self.series {
            state["series"] = json!({
                "series": series, "occurrence": format!("2026-01-{day:02}T09:00:00"),
                "recurrence": {"missed": "skip"},
            });
        }
        state
    }

    /// As an answer shows it.
    pub(crate) fn shown(&self) -> ShownTask {
        let reminders = self
            .armed
            .iter()
            .map(|(id, _, fires_at)| json!({"id": id, "at": fires_at, "fires_at": fires_at}));
        let body = json!({
            "id": self.id, "title": self.title, "status": if self.done { "done" } else { "open" },
            "reminders": reminders.collect::<Vec<_>>(),
        });
        serde_json::from_value(body).unwrap()
    }
}
