//! What a change of a task commits, beside its state.

use chrono::{DateTime, Utc};
use contracts::{
    events::{TASK_EVENTS, TaskChanged},
    reminder_schedule::CheckReminders,
    task::{TaskRefusal, TaskSnapshot},
};
use domain::{ReminderRow, Task, TaskEvent, Transition};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;
use virtual_actors::{Event, RowsSql, Turn, TurnContext};

use crate::{
    TaskActor,
    relations::{By, Relations},
    series,
};

/// Makes the rows of the user's clock say what the task says: pending ones that are no longer
/// wanted are cleared, new ones inserted. A row is one firing of one generation, so one that has
/// fired or was cleared never becomes pending again. Whichever comes first, this or the clock's
/// own statement, the other sees its result. A comment becomes a row as it is said, edited or, having no text
/// any more, deleted.
pub(crate) const ROWS: RowsSql = RowsSql(
    ", wanted AS (
        SELECT row.* FROM guard, jsonb_to_recordset($8::jsonb -> 'pending')
            AS row (reminder_id uuid, generation integer, title text, fires_at timestamptz)
    ), cleared AS (
        UPDATE reminder AS r SET status = 'cleared'
        FROM guard
        WHERE r.task_id = $1::uuid AND r.status = 'pending'
          AND NOT EXISTS (
              SELECT FROM wanted AS w WHERE w.reminder_id = r.reminder_id AND w.generation = r.generation
          )
    ), written AS (
        INSERT INTO reminder (reminder_id, generation, task_id, user_id, title, fires_at, epoch)
        SELECT reminder_id, generation, $1::uuid, ($8::jsonb ->> 'user_id')::uuid, title, fires_at,
            (SELECT max(epoch) FROM actor_epoch)
        FROM wanted
        ON CONFLICT (reminder_id, generation) DO UPDATE SET title = excluded.title
        WHERE reminder.status = 'pending' AND reminder.title <> excluded.title
    ), said AS (
        INSERT INTO task_comment (id, task_id, author, text, created_at, edited_at)
        SELECT id, $1::uuid, author, text, created_at, edited_at
        FROM guard, jsonb_to_record($8::jsonb -> 'comment')
            AS row (id uuid, author uuid, text text, created_at timestamptz, edited_at timestamptz)
        WHERE text IS NOT NULL
        ON CONFLICT (id) DO UPDATE SET text = excluded.text, edited_at = excluded.edited_at
    ), unsaid AS (
        DELETE FROM task_comment USING guard
        WHERE id = ($8::jsonb -> 'comment' ->> 'id')::uuid AND $8::jsonb -> 'comment' ->> 'text' IS NULL
    )",
);

#[derive(Serialize)]
struct PendingRow {
    reminder_id: Uuid,
    generation: u32,
    title: String,
    fires_at: DateTime<Utc>,
}

impl From<&ReminderRow> for PendingRow {
    fn from(row: &ReminderRow) -> Self {
        Self {
            reminder_id: row.reminder_id.0,
            generation: row.generation,
            title: row.title.to_string(),
            fires_at: row.fires_at,
        }
    }
}

/// A turn's result from the domain's.
pub(crate) fn transition(
    before: &Task,
    transition: Transition,
    by: By<'_>,
    turn: &TurnContext<'_>,
) -> Result<Turn<TaskActor, TaskSnapshot>, TaskRefusal> {
    let transition = match by {
        By::Person(_) => transition.undoable(before),
        By::Nobody | By::Parent(_) | By::Project(_) => transition.for_good(),
    };
    match transition {
        Transition::Unchanged(task) => Ok(Turn::unchanged(TaskSnapshot { version: turn.version(), task })),
        Transition::Changed { task, events } => Ok(changed(Some(before), task, &events, by, turn)),
    }
}

/// The turn for a changed task; `before` is none for a new one.
pub(crate) fn changed(
    before: Option<&Task>,
    task: Task,
    events: &[TaskEvent],
    by: By<'_>,
    turn: &TurnContext<'_>,
) -> Turn<TaskActor, TaskSnapshot> {
    let user = task.owner().0;
    let pending = task.pending_rows();
    let mut rows = rows(&task);
    if let Some(relations) = Relations::of(before, &task, by) {
        rows["relations"] = json!(relations);
    }
    let events: Vec<Event> =
        events.iter().filter_map(|event| published(before, &task, event, by, turn)).collect();
    let reply = TaskSnapshot { version: turn.next_version(), task: task.clone() };
    let poke = instants(&before.map(Task::pending_rows).unwrap_or_default()) != instants(&pending);
    let told = series::Told::of(before, &task, turn);
    let mut changed = Turn::changed(task, reply).events(events).rows(rows);
    if poke {
        changed = changed.tell(user.to_string(), &CheckReminders);
    }
    match told {
        Some(told) => told.tell(changed).into(),
        None => changed.into(),
    }
}

/// What [`ROWS`] are given for every change.
pub(crate) fn rows(task: &Task) -> Value {
    let pending = task.pending_rows();
    json!({
        "user_id": task.owner(),
        "pending": pending.iter().map(PendingRow::from).collect::<Vec<_>>(),
    })
}

/// What the user's clock depends on.
fn instants(rows: &[ReminderRow]) -> Vec<(Uuid, u32, DateTime<Utc>)> {
    rows.iter().map(|row| (row.reminder_id.0, row.generation, row.fires_at)).collect()
}

/// `before` is none for a new task.
pub(crate) fn published(
    before: Option<&Task>,
    task: &Task,
    event: &TaskEvent,
    by: By<'_>,
    turn: &TurnContext<'_>,
) -> Option<Event> {
    let fields = match event {
        TaskEvent::Updated { fields } => fields.iter().map(|field| field.name().to_owned()).collect(),
        _ => Vec::new(),
    };
    let data = TaskChanged {
        task_id: task.id().0,
        user_id: task.owner().0,
        version: turn.next_version(),
        title: task.title().to_string(),
        by: match by {
            By::Person(user) => Some(user.0),
            By::Nobody | By::Parent(_) | By::Project(_) => None,
        },
        comment_id: event.comment().map(|comment| comment.0),
        left_project_id: before
            .and_then(Task::project)
            .filter(|left| task.project() != Some(*left))
            .map(|left| left.0),
        fields,
        series: series::event(task, event),
    };
    // Plain data: it always has a JSON form.
    Some(Event::new(TASK_EVENTS, event.kind(), &data).ok()?.dataschema(TaskChanged::SCHEMA))
}
