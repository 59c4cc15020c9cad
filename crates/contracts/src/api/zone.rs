//! Another time zone for an account, and what it moves.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::text;

/// Changes to an account, a JSON merge patch (RFC 7396).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserPatch {
    /// Where this person lives now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = text::TimeZone, required = false)]
    pub time_zone: Option<String>,
}

/// A zone to look at before it is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ZoneInput {
    #[schema(value_type = text::TimeZone)]
    pub time_zone: String,
}

/// What another time zone would move: the reminders of all-day tasks. Times with a zone of their own stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ZonePreview {
    /// The account's zone.
    #[schema(example = "Europe/Berlin")]
    pub from: String,
    #[schema(example = "America/New_York")]
    pub to: String,
    /// When this day begins to matter, as all-day tasks see it.
    pub today_begins: BeforeAfter,
    /// How many tasks have a reminder that moves.
    pub tasks: u32,
    /// How many reminders move.
    pub reminders: u32,
    /// The first hundred of them, by when they fire then.
    pub moves: Vec<ZoneMove>,
}

/// An instant now, and with the other zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BeforeAfter {
    pub before: DateTime<Utc>,
    pub after: DateTime<Utc>,
}

/// A reminder that moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ZoneMove {
    pub task_id: Uuid,
    #[schema(example = "Water the plants")]
    pub title: String,
    pub reminder_id: Uuid,
    /// When it fires now.
    pub before: DateTime<Utc>,
    /// When it fires then. A time that has passed is told at once.
    pub after: DateTime<Utc>,
}
