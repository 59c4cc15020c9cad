use domain::{
    Blockers, Estimate, NewTask, Planning, Position, ProjectId, Refusal, Task, TaskId, TaskPatch, Transition,
};
use uuid::Uuid;

use crate::given::{all_day, at_in_berlin, berlin, edit, edited, new_task, now, task};

fn other(n: u128) -> TaskId {
    TaskId(Uuid::from_u128(100 + n))
}

fn planned(planning: Planning) -> Result<Task, Vec<String>> {
    let new = NewTask { planning, ..new_task(Some(at_in_berlin("2026-12-10T09:00:00")), &[]) };
    Task::create(new, now()).map(|changed| changed.task).map_err(|violations| {
        violations.iter().map(|violation| format!("{} {}", violation.field, violation.rule)).collect()
    })
}

#[test]
fn an_estimate_is_hours_and_minutes() {
    for (text, minutes, shown) in [
        ("PT45M", 45, "PT45M"),
        ("PT90M", 90, "PT1H30M"),
        ("PT2H", 120, "PT2H"),
        ("PT9999H", 599_940, "PT9999H"),
    ] {
        let estimate = Estimate::parse(text).expect("an estimate");
        assert_eq!((estimate.minutes(), estimate.to_string().as_str()), (minutes, shown));
    }
    for (text, rule) in [
        ("PT0M", "out_of_range"),
        ("PT9999H1M", "out_of_range"),
        ("PT99999999999999999999H", "out_of_range"),
        ("PT1S", "invalid_duration"),
        ("P1D", "invalid_duration"),
        ("PT", "invalid_duration"),
        ("-PT5M", "invalid_duration"),
        ("PT1M1H", "invalid_duration"),
        ("45", "invalid_duration"),
    ] {
        assert_eq!(Estimate::parse(text).expect_err(text).rule, rule, "{text}");
    }
}

#[test]
fn a_task_starts_no_later_than_the_day_it_is_due() {
    let start = |date: &str| Planning { start: Some(date.parse().expect("a date")), ..Planning::default() };
    assert!(planned(start("2026-12-10")).is_ok());
    assert_eq!(planned(start("2026-12-11")), Err(vec!["start after_due".to_owned()]));
    assert_eq!(planned(start("2199-01-01")), Err(vec!["start out_of_range".to_owned()]));

    let task = planned(start("2026-12-08")).expect("sound");
    let sooner = TaskPatch { due: Some(Some(all_day("2026-12-07"))), ..Default::default() };
    let refused = task.clone().edit(sooner.clone(), berlin(), now());
    assert!(matches!(refused, Err(Refusal::Invalid(_))), "it would be due before it starts");
    let both = TaskPatch { start: Some(None), ..sooner };
    assert_eq!(edited(&task, both).start(), None);
}

#[test]
fn a_task_has_nothing_to_do_with_itself() {
    let id = new_task(None, &[]).id;
    let blocked_by = Blockers::parse(vec![other(1), id]).expect("two");
    let selfish = Planning { parent: Some(id), blocked_by, ..Planning::default() };
    assert_eq!(planned(selfish), Err(vec!["parent_id itself".to_owned(), "blocked_by[1] itself".to_owned()]));
    assert!(Blockers::parse(vec![other(1), other(2), other(1)]).is_err(), "each once");
    assert!(Blockers::parse((0..51).map(other).collect()).is_err());
    assert_eq!(Blockers::parse((0..50).map(other).collect()).expect("fifty").iter().count(), 50);
}

#[test]
fn each_field_that_changes_is_told() {
    let plain = task(None, &[]);
    let patch = TaskPatch {
        start: Some("2026-12-08".parse().ok()),
        estimate: Some(Estimate::parse("PT45M").ok()),
        project: Some(Some(ProjectId(Uuid::from_u128(9)))),
        parent: Some(Some(other(1))),
        position: Some(Position::parse("V").ok()),
        blocked_by: Blockers::parse(vec![other(2)]).ok(),
        ..Default::default()
    };
    let Transition::Changed { task, events } = edit(&plain, patch.clone()) else { panic!("it changed") };
    let told = serde_json::to_value(&events[0]).expect("JSON");
    let fields = ["start", "estimate", "project", "parent", "position", "blocked_by"];
    assert_eq!(told["fields"], serde_json::json!(fields));
    assert!(matches!(edit(&task, patch), Transition::Unchanged(_)));

    let none = TaskPatch {
        parent: Some(None),
        position: Some(None),
        blocked_by: Some(Blockers::default()),
        ..Default::default()
    };
    let alone = edited(&task, none);
    assert_eq!((alone.parent(), alone.blocked_by().is_empty()), (None, true));
    assert_eq!(alone.position(), Position::last(now()), "null sends it to the end");
}
