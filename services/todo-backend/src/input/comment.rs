//! Comments, as the API takes them.

use domain::{CommentText, Violations};
use serde_json::Value;

use super::Found;

/// The body of `POST` and `PATCH` on comments.
pub(crate) fn text(body: Value) -> Result<CommentText, Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let text = found.required(&mut body, "text", CommentText::parse);
    found.unknown_members(body, &["id", "task_id", "author_id", "author", "created_at", "edited_at"]);
    found.finish(text)
}
