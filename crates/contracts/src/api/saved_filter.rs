//! Lists of tasks that people keep, and the tags they use.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::text;

/// A list of tasks that is kept under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SavedFilter {
    pub id: Uuid,
    /// Grows with each change; also the entity tag.
    pub version: i64,
    #[schema(example = "Home, this week")]
    pub name: String,
    /// Parameters of `GET /api/v1/tasks`.
    #[schema(example = "tag=home&sort=due")]
    pub query: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A new saved filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SavedFilterInput {
    /// One line.
    #[schema(min_length = 1, max_length = 100, example = "Home, this week")]
    pub name: String,
    #[schema(value_type = text::TaskQuery)]
    pub query: String,
}

/// Changes to a saved filter (RFC 7396): what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SavedFilterPatch {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 100)]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = text::TaskQuery, required = false)]
    pub query: Option<String>,
}

/// The tags of open tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tags {
    /// The most used first.
    pub items: Vec<TagCount>,
    /// Whether these are all, and all were counted. Else only the newest tasks were looked at.
    pub complete: bool,
}

/// How often a tag is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TagCount {
    /// In one of the spellings in use.
    #[schema(example = "home")]
    pub tag: String,
    /// How many open tasks have it.
    #[schema(minimum = 1)]
    pub open: i64,
}
