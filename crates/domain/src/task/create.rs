//! A task comes to be.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Changed, Lifecycle, NewSeries, Planning, Priority, Task, TaskEvent};
use crate::{
    due::{Due, UserZone},
    id::{TaskId, UserId},
    position::Position,
    reminder::NewReminder,
    text::{Notes, Tags, Title},
    violation::Violations,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTask {
    pub id: TaskId,
    pub owner: UserId,
    pub title: Title,
    #[serde(default)]
    pub notes: Notes,
    #[serde(default)]
    pub priority: Priority,
    #[serde(default)]
    pub tags: Tags,
    #[serde(default)]
    pub due: Option<Due>,
    #[serde(flatten)]
    pub planning: Planning,
    #[serde(default)]
    pub reminders: Vec<NewReminder>,
    pub zone: UserZone,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<NewSeries>,
}

impl Task {
    pub fn create(new: NewTask, now: DateTime<Utc>) -> Result<Changed, Violations> {
        let Planning { project, parent, position, start, estimate, blocked_by } = new.planning;
        let mut task = Task {
            id: new.id,
            owner: new.owner,
            title: new.title,
            notes: new.notes,
            priority: new.priority,
            tags: new.tags,
            due: new.due,
            start,
            estimate,
            project,
            parent,
            position: Some(position.unwrap_or_else(|| Position::last(now))),
            blocked_by,
            reminders: Vec::new(),
            next_reminder: 1,
            zone: new.zone,
            lifecycle: Lifecycle::Open,
            deleted_at: None,
            trashed_along: false,
            trashed_with_project: false,
            purged_at: None,
            undo: None,
            series: None,
            comments: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        let mut found: Vec<_> = task.due.and_then(|due| due.check().err()).into_iter().collect();
        found.extend(task.check_plan());
        found.extend(task.replace_reminders(new.reminders));
        if let Some(series) = new.series {
            found.extend(task.join(series).err().into_iter().flatten());
        }
        Violations::check(found)?;
        task.schedule_reminders(now);
        Ok(Changed { task, events: vec![TaskEvent::Created] })
    }
}
