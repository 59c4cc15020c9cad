use crate::given::*;
use chrono::TimeDelta;
use domain::{Due, Priority, Refusal, Tags, TaskEvent, TaskField, TaskPatch, Transition};

#[test]
fn tells_which_fields_changed() {
    let patch = TaskPatch {
        priority: Some(Priority::High),
        tags: Some(Tags::parse(&["home"]).expect("tags")),
        notes: Some(Default::default()),
        ..title("Water the cactus")
    };
    let (task, events) = edit(&task(None, &[]), patch).into_parts();
    assert_eq!((task.title().as_str(), task.priority()), ("Water the cactus", Priority::High));
    let fields = vec![TaskField::Title, TaskField::Priority, TaskField::Tags];
    assert_eq!(events, [TaskEvent::Updated { fields }]);
}

#[test]
fn moving_the_due_time_tells_that_the_reminders_moved_too() {
    let task = task(Some(all_day("2026-12-03")), &[before("PT0S")]);
    let (_, events) = edit(&task, due(Some(all_day("2026-12-04")))).into_parts();
    assert_eq!(events, [TaskEvent::Updated { fields: vec![TaskField::Due, TaskField::Reminders] }]);
}

#[test]
fn writing_what_is_already_so_changes_nothing() {
    let task = task(Some(all_day("2026-12-03")), &[before("PT0S")]);
    let later = now() + TimeDelta::hours(1);
    for patch in [
        TaskPatch::default(),
        title("Water the plants"),
        due(Some(all_day("2026-12-03"))),
        reminders(&[new(before("PT0S"))]),
        reminders(&[keep(only(&task).id, before("PT0S"))]),
    ] {
        let transition = task.clone().edit(patch, berlin(), later).expect("a valid edit");
        assert_eq!(transition, Transition::Unchanged(task.clone()));
    }
}

#[test]
fn a_null_due_takes_it_away_and_an_absent_one_leaves_it() {
    let read = |json: &str| serde_json::from_str::<TaskPatch>(json).expect("a patch");
    assert_eq!(read("{}").due, None);
    assert_eq!(read(r#"{"due":null}"#).due, Some(None));
    for patch in [due(None), due(Some(all_day("2026-12-03"))), TaskPatch::default()] {
        let json = serde_json::to_string(&patch).expect("serialises");
        assert_eq!(read(&json), patch);
    }
}

#[test]
fn a_refused_edit_names_every_field() {
    let patch = TaskPatch {
        due: Some(Some(Due::AllDay { date: chrono::NaiveDate::MAX })),
        ..reminders(&[new(before("P1D")), new(before("P1D"))])
    };
    let Err(Refusal::Invalid(violations)) = task(None, &[]).edit(patch, berlin(), now()) else {
        panic!("should be refused")
    };
    let found: Vec<_> = violations.iter().map(|v| (v.field.as_str(), &*v.rule)).collect();
    assert_eq!(found, [("due.date", "out_of_range"), ("reminders[1]", "duplicate")]);
}

#[test]
fn time_of_the_last_change_never_goes_back() {
    let behind = now() - TimeDelta::seconds(5);
    let (edited, _) =
        task(None, &[]).edit(title("Water the cactus"), berlin(), behind).expect("a valid edit").into_parts();
    assert_eq!(edited.updated_at(), now());
    let (edited, _) = edited
        .edit(title("Water it"), berlin(), now() + TimeDelta::seconds(5))
        .expect("a valid edit")
        .into_parts();
    assert_eq!(edited.updated_at(), now() + TimeDelta::seconds(5));
    assert_eq!(edited.created_at(), now());
}
