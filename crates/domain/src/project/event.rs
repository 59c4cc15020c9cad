//! What is told of a project's changes.

use super::Role;
use crate::id::UserId;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProjectEvent {
    Created,
    Updated {
        fields: Vec<ProjectField>,
    },
    Deleted,
    Restored,
    Purged,
    MemberAdded {
        member: UserId,
        role: Role,
    },
    /// To `owner` too; the owner until then is an editor from then on.
    RoleChanged {
        member: UserId,
        role: Role,
    },
    MemberRemoved {
        member: UserId,
    },
    MemberLeft {
        member: UserId,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProjectField {
    Name,
    Colour,
    Archived,
    Position,
}

impl ProjectEvent {
    /// The CloudEvents `type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Created => "project.created",
            Self::Updated { .. } => "project.updated",
            Self::Deleted => "project.deleted",
            Self::Restored => "project.restored",
            Self::Purged => "project.purged",
            Self::MemberAdded { .. } => "project.member_added",
            Self::RoleChanged { .. } => "project.role_changed",
            Self::MemberRemoved { .. } => "project.member_removed",
            Self::MemberLeft { .. } => "project.member_left",
        }
    }

    /// Whom it is about, and what they are from then on.
    pub fn member(&self) -> Option<(UserId, Option<Role>)> {
        match self {
            Self::MemberAdded { member, role } | Self::RoleChanged { member, role } => {
                Some((*member, Some(*role)))
            }
            Self::MemberRemoved { member } | Self::MemberLeft { member } => Some((*member, None)),
            _ => None,
        }
    }
}

impl ProjectField {
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Colour => "colour",
            Self::Archived => "archived",
            Self::Position => "position",
        }
    }
}
