//! What people say on a task. Whoever sees it may; the state keeps who said something, the text is a row.

use chrono::{DateTime, Utc};
use contracts::task::{AddComment, CommentSnapshot, DeleteComment, EditComment, TaskRefusal};
use domain::{Comment, CommentId, CommentText, Task, TaskEvent, UserId};
use serde_json::json;
use virtual_actors::{Handles, Turn, TurnContext};

use crate::{
    TaskActor,
    commands::{owned, refusal},
    commit::{published, rows},
    relations::By,
};

type Decided = Result<Turn<TaskActor, CommentSnapshot>, TaskRefusal>;

impl Handles<AddComment> for TaskActor {
    fn handle(state: Option<Task>, message: AddComment, turn: &TurnContext<'_>) -> Decided {
        let AddComment { user, via, id, text } = message;
        let task = owned(state, user, via)?;
        if let Some(known) = known(&task, id) {
            // The same comment, whose answer is no longer kept.
            return Ok(Turn::unchanged(snapshot(known, Some(text), None, turn.version())));
        }
        let comment = Comment { id, author: user, at: turn.now() };
        let task = task.comment(comment).map_err(refusal)?;
        let said = snapshot(comment, Some(text), None, turn.next_version());
        Ok(changed(task, &TaskEvent::Commented { comment: id }, said, user, turn))
    }
}

impl Handles<EditComment> for TaskActor {
    fn handle(state: Option<Task>, message: EditComment, turn: &TurnContext<'_>) -> Decided {
        let EditComment { user, via, id, text } = message;
        let task = live(owned(state, user, via)?)?;
        let comment = known(&task, id).ok_or(TaskRefusal::NoSuchComment)?;
        if comment.author != user {
            return Err(TaskRefusal::NotTheAuthor);
        }
        let said = snapshot(comment, Some(text), Some(turn.now()), turn.next_version());
        Ok(changed(task, &TaskEvent::CommentEdited { comment: id }, said, user, turn))
    }
}

impl Handles<DeleteComment> for TaskActor {
    fn handle(state: Option<Task>, message: DeleteComment, turn: &TurnContext<'_>) -> Decided {
        let DeleteComment { user, via, moderates, id } = message;
        let task = live(owned(state, user, via)?)?;
        let comment = known(&task, id).ok_or(TaskRefusal::NoSuchComment)?;
        if comment.author != user && task.owner() != user && !moderates {
            return Err(TaskRefusal::NotTheAuthor);
        }
        let gone = snapshot(comment, None, None, turn.next_version());
        let event = TaskEvent::CommentDeleted { comment: id };
        Ok(changed(task.without_comment(id), &event, gone, user, turn))
    }
}

fn live(task: Task) -> Result<Task, TaskRefusal> {
    if task.is_deleted() { Err(TaskRefusal::Deleted) } else { Ok(task) }
}

fn known(task: &Task, id: CommentId) -> Option<Comment> {
    task.comments().iter().find(|comment| comment.id == id).copied()
}

fn snapshot(
    comment: Comment,
    text: Option<CommentText>,
    edited_at: Option<DateTime<Utc>>,
    version: i64,
) -> CommentSnapshot {
    let Comment { id, author, at } = comment;
    CommentSnapshot { version, id, author, text, created_at: at, edited_at }
}

fn changed(
    task: Task,
    event: &TaskEvent,
    said: CommentSnapshot,
    by: UserId,
    turn: &TurnContext<'_>,
) -> Turn<TaskActor, CommentSnapshot> {
    let mut rows = rows(&task);
    rows["comment"] = json!(said);
    let event = published(Some(&task), &task, event, By::Person(by), turn);
    Turn::changed(task, said).events(event).rows(rows).into()
}
