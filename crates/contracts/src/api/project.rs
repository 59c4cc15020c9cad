//! Projects, as the API shows them and as it takes them.

use chrono::{DateTime, Utc};
use domain::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::text;
use crate::project::ProjectSnapshot;

/// Tasks that belong together, and who shares them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Project {
    pub id: Uuid,
    /// Grows with each change; also the entity tag.
    pub version: i64,
    #[schema(example = "Garden")]
    pub name: String,
    #[schema(required, example = "#1e90ff")]
    pub colour: Option<String>,
    /// An archived project takes no new tasks.
    pub archived: bool,
    /// Projects are listed in the order of their positions, compared byte by byte.
    pub position: String,
    pub owner_id: Uuid,
    /// What you are in it.
    pub role: Role,
    /// How many people share it, the owner among them.
    pub members: u32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What somebody may do: a viewer sees the tasks and comments on them, an editor changes them, the owner also
/// changes the project and who shares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Viewer,
    Editor,
    Owner,
}

/// A new project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProjectInput {
    #[schema(value_type = text::NameText)]
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$", example = "#1e90ff")]
    pub colour: Option<String>,
    /// Behind the others unless given. There is always another between two positions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, pattern = "^[0-9A-Za-z]{0,99}[1-9A-Za-z]$", max_length = 100)]
    pub position: Option<String>,
}

/// Changes to a project, a JSON merge patch (RFC 7396).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProjectPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = text::NameText, required = false)]
    pub name: Option<String>,
    /// Null takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$", example = "#1e90ff")]
    pub colour: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub archived: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, pattern = "^[0-9A-Za-z]{0,99}[1-9A-Za-z]$", max_length = 100)]
    pub position: Option<String>,
}

/// Somebody who shares a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    pub user_id: Uuid,
    /// Null if the account is gone.
    #[schema(required, example = "bob@example.org")]
    pub email: Option<String>,
    pub role: Role,
}

/// With whom a project is to be shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberInput {
    #[schema(value_type = text::EmailAddress)]
    pub email: String,
    pub role: SharedRole,
}

/// A role that is given by sharing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SharedRole {
    Viewer,
    Editor,
}

/// Another role for a member. `owner` hands the project over; the owner until then becomes an editor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberPatch {
    pub role: Role,
}

impl From<domain::Role> for Role {
    fn from(role: domain::Role) -> Self {
        match role {
            domain::Role::Viewer => Self::Viewer,
            domain::Role::Editor => Self::Editor,
            domain::Role::Owner => Self::Owner,
        }
    }
}

impl Project {
    /// As this person sees it; who is no member any more sees it as a viewer did.
    pub fn seen_by(user: UserId, snapshot: &ProjectSnapshot) -> Self {
        let project = &snapshot.project;
        Self {
            id: project.id().0,
            version: snapshot.version,
            name: project.name().to_string(),
            colour: project.colour().map(ToString::to_string),
            archived: project.is_archived(),
            position: project.position().to_string(),
            owner_id: project.owner().0,
            role: project.role_of(user).unwrap_or(domain::Role::Viewer).into(),
            members: u32::try_from(project.people().count()).unwrap_or(u32::MAX),
            created_at: project.created_at(),
            updated_at: project.updated_at(),
        }
    }
}
