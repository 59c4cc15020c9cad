//! A project: tasks that belong together, and the people who share them.
//!
//! `members` holds what happens to those people, `event` what is told of it.

mod colour;
mod event;
mod members;
mod role;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use self::{
    colour::Colour,
    event::{ProjectEvent, ProjectField},
    members::Member,
    role::{MemberRole, Role},
};
use crate::{
    id::{ProjectId, UserId},
    position::Position,
    task::edit::present,
    text::ProjectName,
};

/// Also the stored state: members are only ever added, each new one with a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    id: ProjectId,
    owner: UserId,
    name: ProjectName,
    #[serde(default)]
    colour: Option<Colour>,
    #[serde(default)]
    archived: bool,
    position: Position,
    /// The others. The owner is none of them.
    #[serde(default)]
    members: Vec<Member>,
    #[serde(default)]
    deleted_at: Option<DateTime<Utc>>,
    /// Deleted for good: what is left is a tombstone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purged_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewProject {
    pub id: ProjectId,
    pub owner: UserId,
    pub name: ProjectName,
    pub colour: Option<Colour>,
    /// Behind the others unless given.
    pub position: Option<Position>,
}

/// What is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ProjectName>,
    /// `Some(None)`, in JSON `null`, takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub colour: Option<Option<Colour>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

/// What a command did to a project. Asking again for what is already so is `Unchanged`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProjectChange {
    Unchanged(Project),
    Changed { project: Project, event: ProjectEvent },
}

impl Project {
    pub fn create(new: NewProject, now: DateTime<Utc>) -> Self {
        Self {
            id: new.id,
            owner: new.owner,
            name: new.name,
            colour: new.colour,
            archived: false,
            position: new.position.unwrap_or_else(|| Position::last(now)),
            members: Vec::new(),
            deleted_at: None,
            purged_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    pub fn edit(self, patch: ProjectPatch, now: DateTime<Utc>) -> ProjectChange {
        let mut next = self.clone();
        let ProjectPatch { name, colour, archived, position } = patch;
        next.name = name.unwrap_or(next.name);
        next.colour = colour.unwrap_or(next.colour);
        next.archived = archived.unwrap_or(next.archived);
        next.position = position.unwrap_or(next.position);
        let fields = self.difference(&next);
        if fields.is_empty() {
            return ProjectChange::Unchanged(self);
        }
        next.changed(ProjectEvent::Updated { fields }, now)
    }

    /// Soft: [`Project::restore`] brings it back. Its tasks follow, as a consequence.
    pub fn delete(mut self, now: DateTime<Utc>) -> ProjectChange {
        if self.is_deleted() {
            return ProjectChange::Unchanged(self);
        }
        self.deleted_at = Some(now);
        self.changed(ProjectEvent::Deleted, now)
    }

    pub fn restore(mut self, now: DateTime<Utc>) -> ProjectChange {
        if !self.is_deleted() || self.is_purged() {
            return ProjectChange::Unchanged(self);
        }
        self.deleted_at = None;
        self.changed(ProjectEvent::Restored, now)
    }

    /// Out of the trash, for good. What is left makes sure that nothing revives it.
    pub fn purge(self, now: DateTime<Utc>) -> ProjectChange {
        if !self.is_deleted() || self.is_purged() {
            return ProjectChange::Unchanged(self);
        }
        let Self { id, owner, position, deleted_at, created_at, updated_at, .. } = self;
        let project = Self {
            id,
            owner,
            name: ProjectName::of_purged(),
            colour: None,
            archived: false,
            position,
            members: Vec::new(),
            deleted_at,
            purged_at: Some(updated_at.max(now)),
            created_at,
            updated_at,
        };
        project.changed(ProjectEvent::Purged, now)
    }

    fn difference(&self, next: &Self) -> Vec<ProjectField> {
        [
            (ProjectField::Name, self.name != next.name),
            (ProjectField::Colour, self.colour != next.colour),
            (ProjectField::Archived, self.archived != next.archived),
            (ProjectField::Position, self.position != next.position),
        ]
        .into_iter()
        .filter_map(|(field, differs)| differs.then_some(field))
        .collect()
    }

    /// Another host's clock may be behind the one that made the last change.
    fn changed(mut self, event: ProjectEvent, now: DateTime<Utc>) -> ProjectChange {
        self.updated_at = self.updated_at.max(now);
        ProjectChange::Changed { project: self, event }
    }

    pub fn id(&self) -> ProjectId {
        self.id
    }

    pub fn owner(&self) -> UserId {
        self.owner
    }

    pub fn name(&self) -> &ProjectName {
        &self.name
    }

    pub fn colour(&self) -> Option<&Colour> {
        self.colour.as_ref()
    }

    pub fn is_archived(&self) -> bool {
        self.archived
    }

    pub fn position(&self) -> &Position {
        &self.position
    }

    pub fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    pub fn deleted_at(&self) -> Option<DateTime<Utc>> {
        self.deleted_at
    }

    /// Deleted for good: only its id, its owner and the times are left.
    pub fn is_purged(&self) -> bool {
        self.purged_at.is_some()
    }

    pub fn created_at(&self) -> DateTime<Utc> {
        self.created_at
    }

    pub fn updated_at(&self) -> DateTime<Utc> {
        self.updated_at
    }
}
