//! Instances of a series: how a task becomes one, and what an edit of it means for the others.

use chrono::TimeDelta;
use domain::{
    AskedRecurrence, CountedFrom, Due, NewSeries, NewTask, Refusal, Scope, SeriesChange, SeriesId,
    SeriesLink, Status, Task, TaskEvent, TaskField, TaskPatch, Transition,
};

use crate::given::*;

const MONDAYS: &str = "FREQ=WEEKLY;BYDAY=MO";

fn monday() -> Task {
    recurring(at_in_berlin("2026-12-07T09:00:00"), MONDAYS)
}

/// As a worker makes it: the Monday after `first`.
fn follower(first: &Task) -> Task {
    let link = SeriesLink { occurrence: local("2026-12-14T09:00:00"), ..link(first).clone() };
    let due = Some(at_in_berlin("2026-12-14T09:00:00"));
    let new = NewTask { series: Some(NewSeries::Follows(Box::new(link))), ..new_task(due, &[]) };
    Task::create(new, now()).expect("a valid task").task
}

fn next_monday() -> Task {
    follower(&monday())
}

fn link(task: &Task) -> &SeriesLink {
    task.series().expect("it recurs")
}

fn scoped(patch: TaskPatch, scope: Scope) -> TaskPatch {
    TaskPatch { scope, ..patch }
}

fn rule(asked: AskedRecurrence) -> TaskPatch {
    TaskPatch { recurrence: Some(Some(asked)), ..Default::default() }
}

/// The task after an edit, and what that means for its series.
fn change(before: &Task, patch: TaskPatch) -> (Task, Option<SeriesChange>) {
    let after = edited(before, patch);
    let change = SeriesChange::between(Some(before), &after);
    (after, change)
}

fn fields_at_fault(refusal: Refusal) -> Vec<String> {
    let Refusal::Invalid(violations) = refusal else { panic!("{refusal}") };
    violations.iter().map(|violation| violation.field.clone()).collect()
}

#[test]
fn a_task_with_a_recurrence_is_the_first_of_its_series() {
    let task = monday();
    assert_eq!(link(&task).series, SeriesId::of_first(task.id()));
    assert_eq!(link(&task).occurrence, local("2026-12-07T09:00:00"));
    assert_eq!(SeriesChange::between(None, &task), Some(SeriesChange::Started));
    assert_eq!(SeriesChange::between(None, &next_monday()), None, "its series made it");
}

#[test]
fn what_recurs_is_due() {
    let new = NewTask { series: Some(NewSeries::Asked(asked(MONDAYS))), ..new_task(None, &[]) };
    let found = Task::create(new, now()).expect_err("it is not due");
    assert_eq!(found.iter().map(|one| one.field.as_str()).collect::<Vec<_>>(), ["due"]);
    let refused =
        |task: Task, patch| fields_at_fault(task.edit(patch, berlin(), now()).expect_err("refused"));
    assert_eq!(refused(monday(), due(None)), ["due"]);
    assert_eq!(refused(task(None, &[]), rule(asked(MONDAYS))), ["due"]);
    assert_eq!(refused(monday(), rule(asked("FREQ=SECONDLY"))), ["recurrence.rrule"]);
    let none = TaskPatch { recurrence: Some(None), ..due(None) };
    assert_eq!(edited(&monday(), none).due(), None, "it need not be due when it recurs no more");
}

#[test]
fn a_recurrence_is_set_and_taken_away() {
    let plain = task(Some(at_in_berlin("2026-12-07T09:00:00")), &[]);
    let (recurs, started) = change(&plain, rule(asked(MONDAYS)));
    assert_eq!((link(&recurs).edited_at, started), (Some(now()), Some(SeriesChange::Started)));
    let (same, nothing) = change(&recurs, rule(asked("byday=mo;freq=weekly")));
    assert_eq!((&same, nothing), (&recurs, None), "the same rule in other words");
    let (plain, ended) = change(&recurs, TaskPatch { recurrence: Some(None), ..Default::default() });
    assert_eq!((plain.series(), ended), (None, Some(SeriesChange::Ended)));
}

#[test]
fn this_one_is_changed_alone() {
    let (renamed, nothing) = change(&next_monday(), title("Feed the cat"));
    assert_eq!((link(&renamed).edited_at, nothing), (None, None));
    let (moved, change) = change(&next_monday(), due(Some(at_in_berlin("2026-12-15T10:00:00"))));
    assert_eq!(link(&moved).occurrence, local("2026-12-14T09:00:00"), "it keeps its name");
    assert_eq!(change, Some(SeriesChange::Moved { to: local("2026-12-15T10:00:00") }));
}

#[test]
fn a_move_is_told_on_the_wall_of_the_series() {
    let tokyo = Due::At { local: local("2026-12-15T18:00:00"), zone: zone("Asia/Tokyo") };
    let to = local("2026-12-15T10:00:00");
    assert_eq!(change(&next_monday(), due(Some(tokyo))).1, Some(SeriesChange::Moved { to }));
    assert_eq!(change(&next_monday(), due(Some(all_day("2026-12-15")))).1, None);
}

#[test]
fn following_ones_start_anew_with_what_is_left_of_the_count() {
    let before = follower(&recurring(at_in_berlin("2026-12-07T09:00:00"), "FREQ=WEEKLY;COUNT=5"));
    let tuesday = due(Some(at_in_berlin("2026-12-15T10:00:00")));
    let (after, change) = change(&before, scoped(tuesday, Scope::Following));
    assert_eq!(change, Some(SeriesChange::Edited { anew: true }));
    let recurrence = &link(&after).recurrence;
    assert_eq!(recurrence.rule().to_string(), "FREQ=WEEKLY;COUNT=4");
    let next = recurrence.next(&berlin(), link(&after).occurrence, now(), 1).expect("a next one");
    assert_eq!(next.local, local("2026-12-22T10:00:00"));
}

#[test]
fn the_whole_series_keeps_its_start() {
    let without = AskedRecurrence { exdates: vec!["2026-12-21T09:00:00".into()], ..asked(MONDAYS) };
    let before = follower(&edited(&monday(), rule(without)));
    let later = scoped(due(Some(at_in_berlin("2026-12-14T10:30:00"))), Scope::All);
    let (after, shifted) = change(&before, later);
    assert_eq!(shifted, Some(SeriesChange::Edited { anew: false }));
    let recurrence = &link(&after).recurrence;
    assert_eq!(*recurrence.start(), at_in_berlin("2026-12-07T10:30:00"));
    let next = recurrence.next(&berlin(), link(&after).occurrence, now(), 2).expect("a next one");
    assert_eq!(next.local, local("2026-12-28T10:30:00"), "what was left out stays so, at its new time");

    let daily = scoped(rule(asked("FREQ=DAILY")), Scope::All);
    let (after, edit) = change(&before, daily);
    assert_eq!(edit, Some(SeriesChange::Edited { anew: false }));
    assert_eq!(*link(&after).recurrence.start(), at_in_berlin("2026-12-07T09:00:00"));
}

#[test]
fn a_new_rule_starts_at_this_instance() {
    for scope in [Scope::This, Scope::Following] {
        let asked = AskedRecurrence { from: CountedFrom::Completion, ..asked("FREQ=DAILY;COUNT=3") };
        let (after, change) = change(&next_monday(), scoped(rule(asked), scope));
        assert_eq!(change, Some(SeriesChange::Edited { anew: true }));
        assert_eq!(*link(&after).recurrence.start(), at_in_berlin("2026-12-14T09:00:00"));
    }
}

#[test]
fn a_series_may_become_all_day_and_back() {
    let wide = |due_at: Due| scoped(due(Some(due_at)), Scope::All);
    let day = edited(&next_monday(), wide(all_day("2026-12-15")));
    assert_eq!(*link(&day).recurrence.start(), all_day("2026-12-08"));
    let back = edited(&day, wide(at_in_berlin("2026-12-15T08:00:00")));
    assert_eq!(*link(&back).recurrence.start(), at_in_berlin("2026-12-08T08:00:00"));
}

#[test]
fn a_wider_scope_is_told_even_if_this_one_stays_as_it_is() {
    let named = title(next_monday().title().as_str());
    let Transition::Changed { events, .. } = edit(&next_monday(), scoped(named, Scope::Following)) else {
        panic!("the others may differ")
    };
    assert_eq!(events, [TaskEvent::Updated { fields: vec![TaskField::Recurrence] }]);
    let nothing = scoped(TaskPatch::default(), Scope::All);
    assert!(matches!(edit(&next_monday(), nothing), Transition::Unchanged(_)));
    assert!(matches!(
        edit(&task(None, &[]), scoped(title("Water the plants"), Scope::All)),
        Transition::Unchanged(_)
    ));
}

#[test]
fn one_that_is_skipped_is_closed_until_it_is_reopened() {
    let (skipped, events) = monday().skip(now()).expect("skips").into_parts();
    assert_eq!(
        (skipped.status(), skipped.is_skipped(), &events[..]),
        (Status::Done, true, &[TaskEvent::Skipped][..])
    );
    assert!(matches!(skipped.clone().complete(now()), Ok(Transition::Unchanged(_))));
    let open = skipped.reopen(berlin(), now()).expect("reopens").into_parts().0;
    assert!(!open.is_skipped());
    let done = open.complete(now()).expect("completes").into_parts().0;
    assert!(matches!(done.skip(now()), Ok(Transition::Unchanged(_))));
    assert_eq!(fields_at_fault(task(None, &[]).skip(now()).expect_err("it does not recur")), ["recurrence"]);
}

#[test]
fn one_may_be_the_last() {
    let last = next_monday().end_series(now()).expect("ends").into_parts().0;
    assert_eq!(SeriesChange::between(Some(&next_monday()), &last), Some(SeriesChange::Ended));
    assert_eq!(link(&last).recurrence.next(&berlin(), link(&last).occurrence, now(), 2), None);
    assert!(matches!(last.end_series(now()), Ok(Transition::Unchanged(_))));
    assert_eq!(
        fields_at_fault(task(None, &[]).end_series(now()).expect_err("it does not recur")),
        ["recurrence"]
    );
}

#[test]
fn only_what_nobody_touched_is_withdrawn() {
    let later = now() + TimeDelta::hours(1);
    let Transition::Changed { task: gone, events } = next_monday().withdraw(later) else {
        panic!("nobody did")
    };
    assert_eq!((gone.is_deleted(), events), (true, vec![TaskEvent::Deleted]));
    let again = gone.make_again(berlin(), later).expect("comes back").into_parts().0;
    assert!(again.clone().withdraw(later).into_parts().0.is_deleted(), "still nobody touched it");

    let restored = again.clone().delete(later).expect("deletes").into_parts().0;
    let restored = restored.restore(berlin(), later).expect("restores").into_parts().0;
    for touched in [
        monday(),
        edited(&again, title("Feed the cat")),
        again.clone().complete(later).expect("completes").into_parts().0,
        restored,
    ] {
        assert!(matches!(touched.withdraw(later), Transition::Unchanged(_)));
    }
}
