//! Messages to the `Project` actor; its id is the project's.

use chrono::{DateTime, Utc};
use domain::{
    Colour, Member, MemberRole, Position, Project, ProjectName, ProjectPatch, Role, UserId, Violations,
};
use serde::{Deserialize, Serialize};

use crate::{message, reminder_schedule::Never};

/// Creates the project this actor is. Under an idempotency key the id is made of the key, so a retry reaches
/// the same actor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreateProject {
    pub owner: UserId,
    pub name: ProjectName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<Colour>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

/// Changes some fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EditProject {
    pub user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_version: Option<i64>,
    pub patch: ProjectPatch,
}

/// Puts it in the trash, and its tasks with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeleteProject {
    pub user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_version: Option<i64>,
}

/// Takes it out of the trash, and the tasks that went there with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RestoreProject {
    pub user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_version: Option<i64>,
}

/// Deletes it for good, if it is in the trash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PurgeProject {
    /// Its owner.
    pub user: UserId,
    /// Only if it has been in the trash since before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trashed_before: Option<DateTime<Utc>>,
}

/// Shares it with somebody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddMember {
    pub user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_version: Option<i64>,
    pub member: Member,
}

/// Gives a member another role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeRole {
    pub user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_version: Option<i64>,
    pub member: UserId,
    pub role: MemberRole,
}

/// Shares it no more with somebody; anybody may take themselves out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemoveMember {
    pub user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_version: Option<i64>,
    pub member: UserId,
}

/// Makes a member the owner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransferProject {
    pub user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_version: Option<i64>,
    pub to: UserId,
}

/// Tells the tasks of a project that are not where they should be, in the trash or out of it, page by page.
/// It may be sent any number of times, by anybody.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SweepTasks {
    /// The last task of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// How many tasks a sweep told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TasksSwept {
    pub told: u32,
}

/// A project as of a committed version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProjectSnapshot {
    pub version: i64,
    pub project: Project,
}

/// Why a command on a project was refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum ProjectRefusal {
    /// There is no such project, or the person is no member: the two look the same.
    NotFound,
    /// It is in the trash.
    Deleted,
    /// The person's role does not allow it.
    NotAllowed {
        needs: Role,
    },
    /// `if_version` was given and is not the current version.
    VersionMismatch {
        current: i64,
    },
    NoSuchMember,
    /// The values break rules.
    Invalid {
        violations: Violations,
    },
}

message!(CreateProject => "Project" / "create", ProjectSnapshot, ProjectRefusal);
message!(EditProject => "Project" / "edit", ProjectSnapshot, ProjectRefusal);
message!(DeleteProject => "Project" / "delete", ProjectSnapshot, ProjectRefusal);
message!(RestoreProject => "Project" / "restore", ProjectSnapshot, ProjectRefusal);
message!(PurgeProject => "Project" / "purge", ProjectSnapshot, ProjectRefusal);
message!(AddMember => "Project" / "add_member", ProjectSnapshot, ProjectRefusal);
message!(ChangeRole => "Project" / "change_role", ProjectSnapshot, ProjectRefusal);
message!(RemoveMember => "Project" / "remove_member", ProjectSnapshot, ProjectRefusal);
message!(TransferProject => "Project" / "transfer", ProjectSnapshot, ProjectRefusal);
message!(SweepTasks => "Project" / "sweep", TasksSwept, Never);
