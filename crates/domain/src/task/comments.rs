//! What people say on a task. The task knows who said something when; the texts are rows beside it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Refusal, Task};
use crate::{
    id::{CommentId, UserId},
    violation::Violation,
};

/// A comment, but for its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    pub id: CommentId,
    pub author: UserId,
    pub at: DateTime<Utc>,
}

impl Task {
    pub const MAX_COMMENTS: usize = 500;

    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// A comment is no edit of the task: what was done last to it can still be undone.
    ///
    /// # Errors
    /// When the task is in the trash, or has as many as there may be.
    pub fn comment(mut self, comment: Comment) -> Result<Self, Refusal> {
        if self.is_deleted() {
            return Err(Refusal::Deleted);
        }
        if self.comments.len() >= Self::MAX_COMMENTS {
            let detail = format!("A task has at most {} comments.", Self::MAX_COMMENTS);
            return Err(Refusal::Invalid(Violation::new("text", "too_many", detail).into()));
        }
        self.comments.push(comment);
        self.set_untouched(false);
        Ok(self)
    }

    /// Without that comment.
    #[must_use]
    pub fn without_comment(mut self, id: CommentId) -> Self {
        self.comments.retain(|comment| comment.id != id);
        self
    }
}
