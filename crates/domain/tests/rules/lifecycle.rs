use crate::given::*;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{Refusal, Status, Task, TaskEvent, TaskPatch, Transition};

fn changed(result: Result<Transition, Refusal>) -> (Task, TaskEvent) {
    match result {
        Ok(Transition::Changed { task, mut events }) if events.len() == 1 => (task, events.remove(0)),
        other => panic!("should have changed, with one event: {other:?}"),
    }
}

fn later() -> DateTime<Utc> {
    now() + TimeDelta::minutes(1)
}

#[test]
fn a_new_task_is_open_and_tells_that_it_was_created() {
    let created = Task::create(new_task(None, &[]), now()).expect("a valid task");
    assert_eq!(created.events, [TaskEvent::Created]);
    assert_eq!((created.task.status(), created.task.completed_at()), (Status::Open, None));
    assert_eq!((created.task.created_at(), created.task.updated_at()), (now(), now()));
}

#[test]
fn each_transition_has_its_event_and_repeating_it_changes_nothing() {
    let (done, event) = changed(task(None, &[]).complete(later()));
    assert_eq!(
        (event.kind(), done.completed_at(), done.updated_at()),
        ("task.completed", Some(later()), later())
    );
    assert_eq!(done.clone().complete(later()), Ok(Transition::Unchanged(done.clone())));

    let (open, event) = changed(done.reopen(berlin(), later()));
    assert_eq!((event.kind(), open.status(), open.completed_at()), ("task.reopened", Status::Open, None));
    assert_eq!(open.clone().reopen(berlin(), later()), Ok(Transition::Unchanged(open.clone())));

    let (deleted, event) = changed(open.delete(later()));
    assert_eq!((event.kind(), deleted.deleted_at()), ("task.deleted", Some(later())));
    assert_eq!(deleted.clone().delete(later()), Ok(Transition::Unchanged(deleted.clone())));

    let (restored, event) = changed(deleted.restore(berlin(), later()));
    assert_eq!((event.kind(), restored.deleted_at()), ("task.restored", None));
    assert_eq!(restored.clone().restore(berlin(), later()), Ok(Transition::Unchanged(restored.clone())));
}

#[test]
fn a_deleted_task_can_only_be_restored() {
    let (deleted, _) = changed(task(None, &[]).delete(now()));
    assert_eq!(deleted.clone().complete(now()), Err(Refusal::Deleted));
    assert_eq!(deleted.clone().reopen(berlin(), now()), Err(Refusal::Deleted));
    assert_eq!(deleted.edit(TaskPatch::default(), berlin(), now()), Err(Refusal::Deleted));
}

#[test]
fn a_done_task_is_restored_as_done() {
    let (done, _) = changed(task(None, &[]).complete(now()));
    let (deleted, _) = changed(done.delete(later()));
    let (restored, _) = changed(deleted.restore(berlin(), later()));
    assert_eq!((restored.status(), restored.completed_at()), (Status::Done, Some(now())));
}

#[test]
fn completing_by_a_clock_that_is_behind_is_not_before_the_creation() {
    let (done, _) = changed(task(None, &[]).complete(now() - TimeDelta::hours(1)));
    assert_eq!(done.completed_at(), Some(now()));
}
