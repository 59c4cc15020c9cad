use crate::given::*;
use chrono::TimeDelta;
use domain::{ReminderId, Task, UserZone};
use uuid::Uuid;

#[test]
fn a_reminder_before_the_due_time_waits_for_its_instant() {
    let task = task(Some(at_in_berlin("2026-12-02T09:00:00")), &[before("PT10M")]);
    let rows = task.pending_rows();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].fires_at, instant("2026-12-02T07:50:00Z"));
    assert_eq!((rows[0].generation, rows[0].reminder_id), (1, only(&task).id));
    assert_eq!(rows[0].title.as_str(), "Water the plants");
    assert_eq!(rows[0].due, task.due().copied());
}

#[test]
fn an_absolute_one_is_armed_even_when_its_time_has_passed() {
    let task = task(None, &[at("2026-12-01T11:00:00Z")]);
    assert_eq!(task.pending_rows()[0].fires_at, instant("2026-12-01T11:00:00Z"));
}

#[test]
fn a_relative_one_fires_late_while_the_due_time_is_ahead_and_not_at_all_after() {
    assert_eq!(task(Some(at_in_berlin("2026-12-01T13:05:00")), &[before("PT10M")]).pending_rows().len(), 1);
    assert_eq!(task(Some(at_in_berlin("2026-12-01T12:55:00")), &[before("PT10M")]).pending_rows().len(), 0);
}

#[test]
fn a_relative_one_without_a_due_time_waits_for_one() {
    let waiting = task(None, &[before("PT10M")]);
    assert_eq!((only(&waiting).fires_at, only(&waiting).armed), (None, false));
    assert!(waiting.pending_rows().is_empty());

    let set = edited(&waiting, due(Some(at_in_berlin("2026-12-02T09:00:00"))));
    assert_eq!(set.pending_rows()[0].fires_at, instant("2026-12-02T07:50:00Z"));
    assert!(only(&set).generation > only(&waiting).generation);

    let taken = edited(&set, due(None));
    assert_eq!((only(&taken).fires_at, only(&taken).armed), (None, false));
    assert!(only(&taken).generation > only(&set).generation);
}

#[test]
fn moving_the_due_time_begins_a_new_generation_of_what_depends_on_it() {
    let task =
        task(Some(at_in_berlin("2026-12-02T09:00:00")), &[before("PT10M"), at("2026-12-02T06:00:00Z")]);
    let moved = edited(&task, due(Some(at_in_berlin("2026-12-03T09:00:00"))));
    let generations: Vec<_> = moved.reminders().iter().map(|reminder| reminder.generation).collect();
    assert_eq!(generations, [2, 1]);
}

#[test]
fn writing_the_same_instant_another_way_does_not_fire_again() {
    let task = task(Some(at_in_berlin("2026-12-02T09:00:00")), &[before("P1D")]);
    let same = edited(&task, due(Some(all_day("2026-12-02"))));
    assert_eq!(only(&same), only(&task));
    let exact = edited(&task, reminders(&[keep(only(&task).id, before("PT24H"))]));
    assert_eq!(only(&exact).generation, 1);
    assert_eq!(only(&exact).trigger, before("PT24H"));
}

#[test]
fn editing_the_title_moves_nothing_but_the_rows_carry_it() {
    let task = task(None, &[at("2026-12-01T11:00:00Z")]);
    let edited = edited(&task, title("Water the cactus"));
    assert_eq!(edited.reminders(), task.reminders());
    assert_eq!(edited.pending_rows()[0].title.as_str(), "Water the cactus");
}

#[test]
fn a_list_that_repeats_a_reminder_by_id_or_by_trigger_keeps_it() {
    let task = task(None, &[at("2026-12-02T06:00:00Z"), at("2026-12-02T07:00:00Z")]);
    let (first, second) = (task.reminders()[0].id, task.reminders()[1].id);
    let replaced = edited(
        &task,
        reminders(&[
            new(at("2026-12-02T07:00:00Z")),
            keep(first, at("2026-12-02T08:00:00Z")),
            new(at("2026-12-02T09:00:00Z")),
        ]),
    );
    let kept: Vec<_> = replaced.reminders().iter().map(|r| (r.id, r.generation)).collect();
    assert_eq!(kept[..2], [(second, 1), (first, 2)]);
    assert!(![first, second].contains(&kept[2].0));
    assert_eq!(kept[2].1, 1);
}

#[test]
fn a_name_goes_before_an_equal_trigger() {
    let task = task(None, &[at("2026-12-02T06:00:00Z")]);
    let id = only(&task).id;
    let replaced =
        edited(&task, reminders(&[new(at("2026-12-02T06:00:00Z")), keep(id, at("2026-12-02T07:00:00Z"))]));
    assert_eq!(replaced.reminders()[1].id, id);
    assert_ne!(replaced.reminders()[0].id, id);
}

#[test]
fn one_that_was_removed_comes_back_as_another() {
    let task = task(None, &[at("2026-12-02T06:00:00Z")]);
    let removed = edited(&task, reminders(&[]));
    let back = edited(&removed, reminders(&[new(at("2026-12-02T06:00:00Z"))]));
    assert_ne!(only(&back).id, only(&task).id);
}

#[test]
fn ids_are_the_same_whenever_the_same_is_decided_again() {
    let decide = || task(None, &[at("2026-12-02T06:00:00Z"), before("P1D")]);
    assert_eq!(decide(), decide());
    assert_eq!(decide().reminders()[0].id, ReminderId(Uuid::new_v5(&decide().id().0, b"reminder/1")));
}

#[test]
fn a_bad_list_is_refused_with_everything_that_is_wrong() {
    let task = task(None, &[at("2026-12-02T06:00:00Z")]);
    let id = only(&task).id;
    let unknown = ReminderId(Uuid::from_u128(7));
    let refusal = task.edit(
        reminders(&[
            keep(id, before("P1D")),
            keep(id, before("P2D")),
            keep(unknown, before("P3D")),
            new(before("P1D")),
            new(at("3000-01-01T00:00:00Z")),
        ]),
        berlin(),
        now(),
    );
    let Err(domain::Refusal::Invalid(violations)) = refusal else { panic!("should be refused: {refusal:?}") };
    let found: Vec<_> = violations.iter().map(|v| (v.field.as_str(), &*v.rule)).collect();
    assert_eq!(
        found,
        [
            ("reminders[1].id", "duplicate"),
            ("reminders[2].id", "unknown_reminder"),
            ("reminders[3]", "duplicate"),
            ("reminders[4].at", "out_of_range"),
        ]
    );
}

#[test]
fn a_new_task_has_at_most_twenty_and_knows_none_by_id() {
    let triggers: Vec<_> = (1..=21).map(|n| before(&format!("P{n}D"))).collect();
    assert!(Task::create(new_task(None, &triggers[..20]), now()).is_ok());
    let violations = Task::create(new_task(None, &triggers), now()).expect_err("too many");
    assert_eq!(violations.iter().map(|v| &*v.rule).collect::<Vec<_>>(), ["too_many"]);

    let mut new = new_task(None, &[before("P1D")]);
    new.reminders[0].id = Some(ReminderId(Uuid::from_u128(7)));
    let violations = Task::create(new, now()).expect_err("unknown id");
    assert_eq!(violations.iter().map(|v| v.field.as_str()).collect::<Vec<_>>(), ["reminders[0].id"]);
}

#[test]
fn an_all_day_reminder_follows_the_person_to_a_newer_zone_only() {
    let task = task(Some(all_day("2026-12-03")), &[before("PT0S")]);
    assert_eq!(only(&task).fires_at, Some(instant("2026-12-03T08:00:00Z")));
    let tokyo = UserZone::new(zone("Asia/Tokyo"), 2);
    let (moved, events) = task.edit(Default::default(), tokyo, now()).expect("a valid edit").into_parts();
    assert_eq!(only(&moved).fires_at, Some(instant("2026-12-03T00:00:00Z")));
    assert_eq!(only(&moved).generation, 2);
    assert_eq!(events, [domain::TaskEvent::Updated { fields: vec![domain::TaskField::Reminders] }]);

    // A command sent before the move still carries Berlin, version 1.
    let late = edited(&moved, title("Water the cactus"));
    assert_eq!((late.reminders(), late.zone()), (moved.reminders(), &tokyo));
}

#[test]
fn reopening_arms_again_only_what_is_still_ahead() {
    let task = task(None, &[at("2026-12-01T13:00:00Z"), at("2026-12-01T15:00:00Z")]);
    let done = task.complete(now()).expect("completes").into_parts().0;
    assert!(done.pending_rows().is_empty());
    assert!(done.reminders().iter().all(|reminder| !reminder.armed && reminder.generation == 1));

    let later = now() + TimeDelta::hours(2);
    let open = done.reopen(berlin(), later).expect("reopens").into_parts().0;
    let rows: Vec<_> = open.pending_rows().iter().map(|row| (row.fires_at, row.generation)).collect();
    assert_eq!(rows, [(instant("2026-12-01T15:00:00Z"), 2)]);
    assert_eq!(open.reminders()[0].generation, 1);
    // What stayed silent does not wake by an edit either.
    assert_eq!(edited(&open, title("Water the cactus")).pending_rows().len(), 1);
}

#[test]
fn restoring_arms_an_open_task_but_not_a_done_one() {
    let open = task(None, &[at("2026-12-01T15:00:00Z")]);
    let done = open.clone().complete(now()).expect("completes").into_parts().0;
    for (task, pending) in [(open, 1), (done, 0)] {
        let deleted = task.delete(now()).expect("deletes").into_parts().0;
        assert!(deleted.pending_rows().is_empty());
        let restored = deleted.restore(berlin(), now()).expect("restores").into_parts().0;
        assert_eq!(restored.pending_rows().len(), pending);
    }
}

#[test]
fn reminders_of_a_done_task_move_but_stay_disarmed_until_it_is_reopened() {
    let task = task(Some(at_in_berlin("2026-12-02T09:00:00")), &[before("PT10M")]);
    let done = task.complete(now()).expect("completes").into_parts().0;
    let moved = edited(&done, due(Some(at_in_berlin("2026-12-03T09:00:00"))));
    assert_eq!(only(&moved).fires_at, Some(instant("2026-12-03T07:50:00Z")));
    assert!(!only(&moved).armed && moved.pending_rows().is_empty());
    let open = moved.reopen(berlin(), now()).expect("reopens").into_parts().0;
    assert_eq!(open.pending_rows()[0].fires_at, instant("2026-12-03T07:50:00Z"));
}
