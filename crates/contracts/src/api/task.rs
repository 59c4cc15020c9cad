//! Tasks, as the API shows them and as it takes them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Recurrence, RecurrenceInput, Reminder, ReminderInput, text};
use crate::task::TaskSnapshot;

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Task {
    pub id: Uuid,
    /// Grows with each change; also the entity tag.
    pub version: i64,
    pub title: String,
    pub notes: String,
    pub priority: Priority,
    pub tags: Vec<String>,
    #[schema(required)]
    pub due: Option<Due>,
    /// The day a person wants to begin with it.
    #[serde(default)]
    #[schema(required, format = Date, example = "2026-12-01")]
    pub start: Option<String>,
    /// How long it will take: hours and minutes.
    #[serde(default)]
    #[schema(required, example = "PT45M")]
    pub estimate: Option<String>,
    #[serde(default)]
    #[schema(required)]
    pub project_id: Option<Uuid>,
    /// The task it is a subtask of.
    #[serde(default)]
    #[schema(required)]
    pub parent_id: Option<Uuid>,
    /// Where it stands in an order by hand: compare it byte by byte.
    #[serde(default)]
    #[schema(example = "066191440b3000V")]
    pub position: String,
    /// The tasks to be done before it.
    #[serde(default)]
    pub blocked_by: Vec<Uuid>,
    pub reminders: Vec<Reminder>,
    #[serde(default)]
    #[schema(required)]
    pub recurrence: Option<Recurrence>,
    pub status: Status,
    /// It was passed over, not done.
    #[serde(default)]
    pub skipped: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[schema(required)]
    pub completed_at: Option<DateTime<Utc>>,
}

/// A task in the trash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrashedTask {
    #[serde(flatten)]
    pub task: Task,
    pub deleted_at: DateTime<Utc>,
    /// From then on it is deleted for good.
    pub kept_until: DateTime<Utc>,
}

/// How much it matters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    #[default]
    None,
    Low,
    Medium,
    High,
    Urgent,
}

/// Whether it is still to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Open,
    Done,
}

/// When it is due: a whole day, or a time on the wall in some zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Due {
    /// The day, wherever the person is.
    AllDay {
        #[schema(value_type = text::Day)]
        date: String,
    },
    /// A time that stays put when the person travels.
    At {
        #[schema(value_type = text::LocalTime)]
        at: String,
        /// An IANA name; the user's own zone if it is left out of a request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<text::TimeZone>)]
        zone: Option<String>,
    },
}

/// A new task.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskInput {
    #[schema(value_type = text::TitleText)]
    pub title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(value_type = Option<text::NotesText>)]
    pub notes: String,
    #[serde(default)]
    #[schema(value_type = Option<Priority>)]
    pub priority: Priority,
    /// At most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20, value_type = Option<Vec<text::TagText>>)]
    pub tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Due>,
    /// The day to begin with it, no later than the one it is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<text::Day>)]
    pub start: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<text::Estimate>)]
    pub estimate: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<Uuid>,
    /// After all others, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100, pattern = "^[0-9A-Za-z]*[1-9A-Za-z]$")]
    pub position: Option<String>,
    /// The tasks to be done before it: at most 50, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50, value_type = Option<Vec<Uuid>>)]
    pub blocked_by: Vec<Uuid>,
    /// At most 20, no two for the same time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20, value_type = Option<Vec<ReminderInput>>)]
    pub reminders: Vec<ReminderInput>,
    /// A task that recurs needs to be due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurrence: Option<RecurrenceInput>,
}

/// Changes to a task, a JSON merge patch (RFC 7396): what is absent stays, what is null goes back to
/// its default. `due`, `blocked_by`, `reminders` and `recurrence` are replaced as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = text::TitleText, required = false)]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<text::NotesText>)]
    pub notes: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20, value_type = Option<Vec<text::TagText>>)]
    pub tags: Option<Vec<String>>,
    /// Null takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "nullable")]
    #[schema(value_type = Option<Due>)]
    pub due: Option<Option<Due>>,
    /// Null takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "nullable")]
    #[schema(value_type = Option<text::Day>)]
    pub start: Option<Option<String>>,
    /// Null takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "nullable")]
    #[schema(value_type = Option<text::Estimate>)]
    pub estimate: Option<Option<String>>,
    /// Null takes it out of its project.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "nullable")]
    #[schema(value_type = Option<Uuid>)]
    pub project_id: Option<Option<Uuid>>,
    /// Null makes it a task of its own.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "nullable")]
    #[schema(value_type = Option<Uuid>)]
    pub parent_id: Option<Option<Uuid>>,
    /// Null sends it to the end.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "nullable")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, pattern = "^[0-9A-Za-z]*[1-9A-Za-z]$")]
    pub position: Option<Option<String>>,
    /// The whole list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 50)]
    pub blocked_by: Option<Vec<Uuid>>,
    /// The whole list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20)]
    pub reminders: Option<Vec<ReminderInput>>,
    /// Null ends the series; this task stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "nullable")]
    #[schema(value_type = Option<RecurrenceInput>)]
    pub recurrence: Option<Option<RecurrenceInput>>,
}

/// Tells null from absent.
mod nullable {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Option<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(serializer)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::deserialize(deserializer).map(Some)
    }
}

impl From<&TaskSnapshot> for Task {
    fn from(TaskSnapshot { version, task }: &TaskSnapshot) -> Self {
        Self {
            id: task.id().0,
            version: *version,
            title: task.title().to_string(),
            notes: task.notes().to_string(),
            priority: task.priority().into(),
            tags: task.tags().iter().map(ToString::to_string).collect(),
            due: task.due().map(Due::from),
            start: task.start().map(|date| date.to_string()),
            estimate: task.estimate().map(|estimate| estimate.to_string()),
            project_id: task.project().map(|project| project.0),
            parent_id: task.parent().map(|parent| parent.0),
            position: task.position().to_string(),
            blocked_by: task.blocked_by().iter().map(|blocker| blocker.0).collect(),
            reminders: task.reminders().iter().map(Reminder::from).collect(),
            recurrence: task.series().map(Recurrence::from),
            status: task.status().into(),
            skipped: task.is_skipped(),
            created_at: task.created_at(),
            updated_at: task.updated_at(),
            completed_at: task.completed_at(),
        }
    }
}

impl From<&domain::Due> for Due {
    fn from(due: &domain::Due) -> Self {
        match due {
            domain::Due::AllDay { date } => Self::AllDay { date: date.format("%Y-%m-%d").to_string() },
            domain::Due::At { local, zone } => Self::At {
                at: local.format("%Y-%m-%dT%H:%M:%S").to_string(),
                zone: Some(zone.name().to_owned()),
            },
        }
    }
}

impl From<domain::Priority> for Priority {
    fn from(priority: domain::Priority) -> Self {
        match priority {
            domain::Priority::None => Self::None,
            domain::Priority::Low => Self::Low,
            domain::Priority::Medium => Self::Medium,
            domain::Priority::High => Self::High,
            domain::Priority::Urgent => Self::Urgent,
        }
    }
}

impl From<domain::Status> for Status {
    fn from(status: domain::Status) -> Self {
        match status {
            domain::Status::Open => Self::Open,
            domain::Status::Done => Self::Done,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use domain::{NewTask, UserZone, Zone};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_task_has_the_shape_of_the_api() {
        let new: NewTask = serde_json::from_value(json!({
            "id": "00000000-0000-7000-8000-000000000001", "owner": "00000000-0000-7000-8000-000000000002",
            "title": "Water the plants", "due": {"at": "2026-12-01T09:00:00", "zone": "Europe/Berlin"},
            "start": "2026-11-30", "estimate": 90, "parent": "00000000-0000-7000-8000-000000000003", "position": "V",
            "blocked_by": ["00000000-0000-7000-8000-000000000004"],
            "reminders": [{"before": "PT10M"}, {"at": "2026-11-30T08:00:00Z"}],
            "zone": UserZone::new(Zone::UTC, 1),
        }))
        .unwrap();
        let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let task = domain::Task::create(new, now).unwrap().task;
        let ids: Vec<_> = task.reminders().iter().map(|reminder| reminder.id).collect();
        let shown = serde_json::to_value(Task::from(&TaskSnapshot { version: 1, task })).unwrap();
        let expected = json!({
            "id": "00000000-0000-7000-8000-000000000001", "version": 1, "title": "Water the plants", "notes": "",
            "priority": "none", "tags": [], "due": {"at": "2026-12-01T09:00:00", "zone": "Europe/Berlin"},
            "start": "2026-11-30", "estimate": "PT1H30M", "project_id": null,
            "parent_id": "00000000-0000-7000-8000-000000000003", "position": "V",
            "blocked_by": ["00000000-0000-7000-8000-000000000004"],
            "reminders": [
                {"id": ids[0], "before": "PT10M", "fires_at": "2026-12-01T07:50:00Z"},
                {"id": ids[1], "at": "2026-11-30T08:00:00Z", "fires_at": "2026-11-30T08:00:00Z"},
            ],
            "recurrence": null, "status": "open", "skipped": false, "created_at": "2026-05-28T20:26:40Z", "updated_at": "2026-05-28T20:26:40Z",
            "completed_at": null,
        });
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_recurrence_has_the_shape_of_the_api() {
        let new: NewTask = serde_json::from_value(json!({
            "id": "00000000-0000-7000-8000-000000000001", "owner": "00000000-0000-7000-8000-000000000002",
            "title": "Water the plants", "due": {"date": "2026-12-07"}, "zone": UserZone::new(Zone::UTC, 1),
            "series": {"asked": {
                "rrule": "byday=mo;freq=weekly", "exdates": ["2026-12-14"], "from": "completion", "missed": "keep_each"
            }},
        }))
        .unwrap();
        let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let task = domain::Task::create(new, now).unwrap().task;
        let series_id = domain::SeriesId::of_first(task.id());
        let shown = serde_json::to_value(Task::from(&TaskSnapshot { version: 1, task })).unwrap();
        let expected = json!({
            "rrule": "FREQ=WEEKLY;BYDAY=MO", "from": "completion", "exdates": ["2026-12-14"], "rdates": [],
            "missed": "keep-each", "series_id": series_id, "occurrence": "2026-12-07", "ended": false,
            "text": "every week on Monday",
        });
        assert_eq!(shown["recurrence"], expected);
    }

    #[test]
    fn a_patch_tells_null_from_absent() {
        let read = |text| serde_json::from_str::<TaskPatch>(text).unwrap();
        assert_eq!(read("{}").due, None);
        assert_eq!(read(r#"{"due":null}"#).due, Some(None));
        assert_eq!(serde_json::to_string(&read(r#"{"due":null}"#)).unwrap(), r#"{"due":null}"#);
        assert_eq!(serde_json::to_string(&TaskPatch::default()).unwrap(), "{}");
    }
}
