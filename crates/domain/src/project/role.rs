//! What people may do in a project.

use serde::{Deserialize, Serialize};

/// In the order of what they allow: who has one may do all that those before it allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees the project's tasks, and comments on them.
    Viewer,
    /// Changes them, adds others.
    Editor,
    /// Changes the project itself and who shares it.
    Owner,
}

/// A role that is given to somebody the project is shared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MemberRole {
    Viewer,
    Editor,
}

impl Role {
    /// As the API and the database write it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Editor => "editor",
            Role::Owner => "owner",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Role::Viewer, Role::Editor, Role::Owner].into_iter().find(|role| role.name() == name)
    }
}

impl From<MemberRole> for Role {
    fn from(role: MemberRole) -> Self {
        match role {
            MemberRole::Viewer => Role::Viewer,
            MemberRole::Editor => Role::Editor,
        }
    }
}
