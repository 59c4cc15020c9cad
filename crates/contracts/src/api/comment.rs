//! What people say on a task.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Comment {
    pub id: Uuid,
    pub task_id: Uuid,
    pub author_id: Uuid,
    /// The author's address; null if the account is gone.
    #[schema(required, example = "bob@example.org")]
    pub author: Option<String>,
    /// Markdown.
    #[schema(example = "The **blue** watering can leaks.")]
    pub text: String,
    pub created_at: DateTime<Utc>,
    #[schema(required)]
    pub edited_at: Option<DateTime<Utc>>,
}

/// A new comment, or another text for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommentInput {
    /// Markdown, 1 to 10,000 characters.
    #[schema(min_length = 1, max_length = 10_000, example = "The **blue** watering can leaks.")]
    pub text: String,
}
