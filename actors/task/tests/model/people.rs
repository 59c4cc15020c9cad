//! What a person does to a task.

use chrono::{DateTime, Utc};
use contracts::task::{CompleteTask, CreateTask, EditTask, ReopenTask};
use domain::{
    NewReminder, Notes, Priority, ReminderId, Tags, TaskPatch, Title, Trigger, UserId, UserZone, Zone,
};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Person(pub(crate) UserId);

fn zone() -> UserZone {
    UserZone::new(Zone::parse("UTC").expect("a zone"), 1)
}

impl Person {
    pub(crate) fn creates(self, at: DateTime<Utc>) -> CreateTask {
        CreateTask {
            owner: self.0,
            title: Title::parse("Water the plants").expect("a title"),
            notes: Notes::default(),
            priority: Priority::None,
            tags: Tags::default(),
            due: None,
            planning: Default::default(),
            reminders: vec![NewReminder { id: None, trigger: Trigger::At(at) }],
            zone: zone(),
            series: None,
        }
    }

    fn edits(self, patch: TaskPatch) -> EditTask {
        EditTask { user: self.0, via: None, if_version: None, zone: zone(), patch }
    }

    pub(crate) fn moves(self, reminder: ReminderId, at: DateTime<Utc>) -> EditTask {
        let reminders = Some(vec![NewReminder { id: Some(reminder), trigger: Trigger::At(at) }]);
        self.edits(TaskPatch { reminders, ..TaskPatch::default() })
    }

    pub(crate) fn retitles(self) -> EditTask {
        let title = Some(Title::parse("Water them all").expect("a title"));
        self.edits(TaskPatch { title, ..TaskPatch::default() })
    }

    pub(crate) fn completes(self) -> CompleteTask {
        CompleteTask { user: self.0, via: None, if_version: None }
    }

    pub(crate) fn reopens(self) -> ReopenTask {
        ReopenTask { user: self.0, via: None, if_version: None, zone: zone() }
    }
}
