//! What a task tells of itself to its series: in every event, and to the `Recurrence` actor when a person
//! changes the series by this task.

use contracts::{
    events::SeriesEvent,
    recurrence::{
        Closed, EditSeries, EndSeries, Instance, InstanceClosed, MoveInstance, StartSeries, Template,
    },
};
use domain::{SeriesChange, SeriesLink, Status, Task, TaskEvent};
use virtual_actors::{ChangedTurn, TurnContext};

use crate::TaskActor;

/// A message to the series.
pub(crate) struct Told {
    series: String,
    message: Message,
}

enum Message {
    Start(StartSeries),
    Close(InstanceClosed),
    Edit(EditSeries),
    Move(MoveInstance),
    End(EndSeries),
}

impl Told {
    /// What a change of a task is to tell its series, if anything.
    pub(crate) fn of(before: Option<&Task>, after: &Task, turn: &TurnContext<'_>) -> Option<Self> {
        let change = SeriesChange::between(before, after)?;
        // One that recurs no more tells the series it was in.
        let link = after.series().or_else(|| before.and_then(Task::series))?;
        let mut instance = instance(after, link, turn.next_version());
        let message = match change {
            // Nobody will complete it any more.
            SeriesChange::Started if after.status() == Status::Done => {
                Message::Close(InstanceClosed { instance, how: Closed::Completed })
            }
            SeriesChange::Started => Message::Start(StartSeries { instance, template: Template::of(after) }),
            SeriesChange::Edited { anew } => {
                let now = Template::of(after);
                let changed = before.map(|before| Template::of(before).changes(&now)).unwrap_or_default();
                Message::Edit(EditSeries { instance, template: Some(now), changed, anew })
            }
            SeriesChange::Moved { to } => Message::Move(MoveInstance { instance, to }),
            SeriesChange::Ended => {
                instance.edited_at = instance.edited_at.max(Some(after.updated_at()));
                Message::End(EndSeries { instance })
            }
        };
        Some(Self { series: link.series.to_string(), message })
    }

    pub(crate) fn tell<R>(self, turn: ChangedTurn<TaskActor, R>) -> ChangedTurn<TaskActor, R> {
        let Self { series, message } = self;
        match message {
            Message::Start(message) => turn.tell(series, &message),
            Message::Close(message) => turn.tell(series, &message),
            Message::Edit(message) => turn.tell(series, &message),
            Message::Move(message) => turn.tell(series, &message),
            Message::End(message) => turn.tell(series, &message),
        }
    }
}

/// What an event tells of a task's series.
pub(crate) fn event(task: &Task, event: &TaskEvent) -> Option<SeriesEvent> {
    let link = task.series()?;
    // Undoing a reopening completes it as of when it was completed.
    let at = match event {
        TaskEvent::Completed | TaskEvent::Skipped => task.completed_at(),
        _ => None,
    };
    Some(SeriesEvent {
        series_id: link.series.0,
        occurrence: link.occurrence,
        recurrence: link.recurrence.clone(),
        edited_at: link.edited_at,
        zone: *task.zone(),
        at: at.unwrap_or(task.updated_at()),
    })
}

fn instance(task: &Task, link: &SeriesLink, version: i64) -> Instance {
    Instance {
        task_id: task.id().0,
        version,
        owner: task.owner(),
        zone: *task.zone(),
        occurrence: link.occurrence,
        recurrence: link.recurrence.clone(),
        edited_at: link.edited_at,
        at: task.updated_at(),
    }
}
