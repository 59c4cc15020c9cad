use chrono::TimeDelta;
use domain::{
    NewReminder, Priority, Refusal, Status, Task, TaskEvent, TaskField, TaskPatch, Transition, Trigger,
    UserZone, Zone,
};

use crate::given::*;

fn done(transition: Result<Transition, Refusal>, before: &Task) -> Task {
    transition.expect("is carried out").undoable(before).into_parts().0
}

/// The task after undoing, later, and the event.
fn undone(task: &Task, later: TimeDelta) -> (Task, TaskEvent) {
    let undone = task.clone().undo(berlin(), now() + later).expect("there is something").undoable(task);
    let (task, mut events) = undone.into_parts();
    (task, events.remove(0))
}

fn minute() -> TimeDelta {
    TimeDelta::minutes(1)
}

#[test]
fn a_new_task_has_nothing_to_undo() {
    assert_eq!(task(None, &[]).undo(berlin(), now()), Err(Refusal::NothingToUndo));
}

#[test]
fn an_edit_is_undone_and_done_again() {
    let before = task(Some(at_in_berlin("2026-12-02T09:00:00")), &[before("PT10M")]);
    let patch = TaskPatch {
        priority: Some(Priority::High),
        due: Some(Some(at_in_berlin("2026-12-03T09:00:00"))),
        reminders: Some(vec![]),
        ..title("Feed the cat")
    };
    let edited = done(before.clone().edit(patch, berlin(), now()), &before);
    let (back, event) = undone(&edited, minute());
    let fields = vec![TaskField::Title, TaskField::Priority, TaskField::Due, TaskField::Reminders];
    assert_eq!(event, TaskEvent::Updated { fields });
    assert_eq!(
        (back.title(), back.due(), back.priority()),
        (before.title(), before.due(), before.priority())
    );
    assert_eq!(only(&back).id, only(&before).id);
    assert_eq!(back.pending_rows()[0].generation, 2, "its row of before was cleared");

    let (again, _) = undone(&back, minute() * 2);
    assert_eq!(
        (again.title(), again.due(), again.reminders()),
        (edited.title(), edited.due(), edited.reminders())
    );
}

#[test]
fn what_does_not_remind_leaves_reminders_alone() {
    let before = task(Some(at_in_berlin("2026-12-02T09:00:00")), &[before("PT10M")]);
    let edited = done(before.clone().edit(title("Feed the cat"), berlin(), now()), &before);
    let (back, _) = undone(&edited, minute());
    assert_eq!(back.pending_rows(), before.pending_rows());
}

#[test]
fn completing_reopening_and_deleting_are_undone() {
    let open =
        task(Some(at_in_berlin("2026-12-02T09:00:00")), &[before("PT10M"), at("2026-12-01T13:00:00Z")]);
    let completed = done(open.clone().complete(now()), &open);
    let (reopened, event) = undone(&completed, TimeDelta::hours(2));
    assert_eq!((event, reopened.status()), (TaskEvent::Reopened, Status::Open));
    let pending: Vec<_> = reopened.pending_rows().iter().map(|row| row.generation).collect();
    assert_eq!(pending, [2], "the other one passed meanwhile");

    let (again, event) = undone(&reopened, TimeDelta::hours(3));
    assert_eq!((event, again.completed_at()), (TaskEvent::Completed, Some(now())));
    let deleted = done(again.clone().delete(now() + TimeDelta::hours(4)), &again);
    let (restored, event) = undone(&deleted, TimeDelta::hours(5));
    assert_eq!((event, restored.is_deleted(), restored.status()), (TaskEvent::Restored, false, Status::Done));
    let (deleted, event) = undone(&restored, TimeDelta::days(40));
    assert_eq!(event, TaskEvent::Deleted);
    assert_eq!(deleted.deleted_at(), Some(now() + TimeDelta::days(40)), "it has not lain there all the time");
}

#[test]
fn a_change_that_an_older_version_made_is_not_taken_for_the_last_one() {
    let before = task(None, &[]);
    let edited = done(before.clone().edit(title("Feed the cat"), berlin(), now()), &before);
    // It keeps what it does not know, and so this too.
    let changed =
        edited.edit(title("Feed the dog"), berlin(), now() + minute()).expect("edits").into_parts().0;
    assert_eq!(changed.undo(berlin(), now() + minute()), Err(Refusal::NothingToUndo));
}

#[test]
fn a_skipped_instance_and_an_ended_series_come_back() {
    let first = recurring(at_in_berlin("2026-12-07T09:00:00"), "FREQ=WEEKLY;BYDAY=MO");
    let skipped = done(first.clone().skip(now()), &first);
    let (open, event) = undone(&skipped, minute());
    assert_eq!(event, TaskEvent::Reopened);
    assert_eq!(undone(&open, minute() * 2).1, TaskEvent::Skipped);

    let ended = done(first.clone().end_series(now()), &first);
    let (goes_on, event) = undone(&ended, TimeDelta::zero());
    assert_eq!(event, TaskEvent::Updated { fields: vec![TaskField::Recurrence] });
    let link = |task: &Task| task.series().expect("it recurs").clone();
    assert_eq!(link(&goes_on).recurrence, link(&first).recurrence);
    assert!(link(&goes_on).edited_at > link(&ended).edited_at, "for the series it is the latest edit");
}

#[test]
fn it_is_stored_with_the_task_and_read_again() {
    let before = task(Some(all_day("2026-12-02")), &[]);
    let patch = TaskPatch {
        reminders: Some(vec![NewReminder { id: None, trigger: Trigger::At(now() + minute()) }]),
        ..due(None)
    };
    let edited = done(before.clone().edit(patch, berlin(), now()), &before);
    let stored = serde_json::to_value(&edited).expect("JSON");
    assert_eq!(serde_json::from_value::<Task>(stored).expect("loads"), edited);
    let nothing = done(before.clone().edit(due(Some(all_day("2026-12-03"))), berlin(), now()), &before);
    let unset = done(nothing.clone().edit(due(None), berlin(), now()), &nothing);
    let stored: Task = serde_json::from_value(serde_json::to_value(&unset).expect("JSON")).expect("loads");
    assert_eq!(undone(&stored, minute()).0.due(), nothing.due());
}

#[test]
fn a_zone_change_leaves_what_can_be_undone() {
    let before = task(Some(all_day("2026-12-02")), &[before("PT10M")]);
    let edited = done(before.clone().edit(title("Feed the cat"), berlin(), now()), &before);
    let utc = UserZone::new(Zone::UTC, 2);
    let follow =
        |task: &Task, later| task.clone().follow_zone(utc, now() + later).expect("follows").into_parts().0;
    let moved = follow(&edited, minute());
    assert_ne!(moved.pending_rows(), edited.pending_rows());
    let back = moved.clone().undo(utc, now() + minute() * 2).expect("there is something").into_parts().0;
    assert_eq!(
        (back.title(), back.pending_rows()[0].fires_at),
        (before.title(), moved.pending_rows()[0].fires_at)
    );

    let nobodys = edited.follow_zone(utc, now()).expect("follows").for_good().into_parts().0;
    let moved = follow(&nobodys, minute());
    assert_eq!(moved.undo(utc, now()), Err(Refusal::NothingToUndo));
}
