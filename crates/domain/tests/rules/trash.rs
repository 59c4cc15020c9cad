use domain::{
    NewTask, ParentIs, Planning, ProjectId, Task, TaskEvent, TaskField, TaskId, Transition, UserZone, Zone,
};
use uuid::Uuid;

use crate::given::{at_in_berlin, before, berlin, new_task, now};

fn subtask() -> Task {
    let planning = Planning { parent: Some(TaskId(Uuid::from_u128(9))), ..Planning::default() };
    let new = new_task(Some(at_in_berlin("2026-12-10T09:00:00")), &[before("PT10M")]);
    Task::create(NewTask { planning, ..new }, now()).expect("sound").task
}

fn follow(task: Task, parent: ParentIs, project: Option<ProjectId>) -> (Task, Vec<TaskEvent>) {
    task.follow(parent, project, berlin(), now()).expect("follows").into_parts()
}

#[test]
fn a_subtask_goes_to_the_trash_with_its_parent_and_back() {
    let (trashed, events) = follow(subtask(), ParentIs::Trashed, None);
    assert_eq!((trashed.is_deleted(), events.as_slice()), (true, &[TaskEvent::Deleted][..]));
    assert!(trashed.pending_rows().is_empty());
    assert_eq!(follow(trashed.clone(), ParentIs::Trashed, None).1, [], "it is there already");
    let (back, events) = follow(trashed, ParentIs::There, None);
    assert_eq!((back.is_deleted(), events.as_slice()), (false, &[TaskEvent::Restored][..]));
    assert_eq!(back.pending_rows()[0].generation, 2);
}

#[test]
fn one_that_was_in_the_trash_before_stays_there() {
    let trashed = subtask().delete(now()).expect("deletes").into_parts().0;
    let (trashed, events) = follow(trashed, ParentIs::Trashed, None);
    assert_eq!(events, []);
    let (trashed, events) = follow(trashed, ParentIs::There, None);
    assert_eq!((trashed.is_deleted(), events), (true, vec![]));
    let (alone, events) = follow(trashed, ParentIs::Gone, None);
    assert_eq!((alone.is_purged(), alone.parent()), (false, None), "it can still be restored, by itself");
    assert_eq!(events, [TaskEvent::Updated { fields: vec![TaskField::Parent] }]);
}

#[test]
fn one_that_hears_only_that_its_parent_is_gone_goes_to_the_trash() {
    let (trashed, events) = follow(subtask(), ParentIs::Gone, None);
    assert_eq!(events, [TaskEvent::Deleted, TaskEvent::Updated { fields: vec![TaskField::Parent] }]);
    assert_eq!((trashed.is_deleted(), trashed.is_purged(), trashed.parent()), (true, false, None));
    assert!(trashed.pending_rows().is_empty());
}

#[test]
fn a_task_comes_back_with_its_project_in_the_zone_of_by_then() {
    let zone = UserZone::new(Zone::UTC, 2);
    let trashed = subtask().follow_project(true, Some(berlin()), now()).expect("goes along").into_parts().0;
    for (zone, then) in [(Some(zone), zone), (None, berlin())] {
        let back = trashed.clone().follow_project(false, zone, now()).expect("comes back").into_parts().0;
        assert_eq!((back.is_deleted(), *back.zone()), (false, then));
    }
}

#[test]
fn a_subtask_is_in_the_project_of_its_parent() {
    let project = Some(ProjectId(Uuid::from_u128(5)));
    let (moved, events) = follow(subtask(), ParentIs::There, project);
    assert_eq!((moved.project(), events.len()), (project, 1));
    assert_eq!(follow(moved, ParentIs::There, project).1, []);
}

#[test]
fn of_a_purged_task_only_a_tombstone_is_left() {
    let live = subtask();
    assert!(matches!(live.clone().purge(now()), Transition::Unchanged(_)), "only out of the trash");
    let (trashed, _) = follow(live, ParentIs::Trashed, None);
    assert_eq!(trashed.past_reminders().collect::<Vec<_>>(), [trashed.reminders()[0].id]);
    let (tombstone, events) = follow(trashed.clone(), ParentIs::Gone, None);
    assert_eq!(events, [TaskEvent::Purged]);
    assert_eq!(
        (tombstone.id(), tombstone.owner(), tombstone.is_deleted()),
        (trashed.id(), trashed.owner(), true)
    );
    let text = serde_json::to_string(&tombstone).expect("JSON");
    assert!(!text.contains("plants") && !text.contains("Berlin"), "{text}");
    for again in
        [tombstone.clone().purge(now()), tombstone.clone().restore(berlin(), now()).expect("answers")]
    {
        assert_eq!(again, Transition::Unchanged(tombstone.clone()));
    }
}
