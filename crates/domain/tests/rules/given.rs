//! Where the tests start from: a person in Berlin at noon (UTC) on Tuesday, 1 December 2026.

use chrono::{DateTime, NaiveDateTime, Utc};
use domain::{
    AskedRecurrence, CountedFrom, Due, Lead, Missed, NewReminder, NewSeries, NewTask, Reminder, ReminderId,
    Task, TaskId, TaskPatch, Title, Transition, Trigger, UserId, UserZone, Zone,
};
use uuid::Uuid;

pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an RFC 3339 instant")
}

pub(crate) fn local(text: &str) -> NaiveDateTime {
    text.parse().expect("a local time")
}

pub(crate) fn zone(name: &str) -> Zone {
    Zone::parse(name).expect("an IANA zone")
}

pub(crate) fn now() -> DateTime<Utc> {
    instant("2026-12-01T12:00:00Z")
}

pub(crate) fn berlin() -> UserZone {
    UserZone::new(zone("Europe/Berlin"), 1)
}

pub(crate) fn at_in_berlin(text: &str) -> Due {
    Due::At { local: local(text), zone: zone("Europe/Berlin") }
}

pub(crate) fn all_day(date: &str) -> Due {
    Due::AllDay { date: date.parse().expect("a date") }
}

pub(crate) fn at(text: &str) -> Trigger {
    Trigger::At(instant(text))
}

pub(crate) fn before(lead: &str) -> Trigger {
    Trigger::Before(Lead::parse(lead).expect("a duration"))
}

pub(crate) fn new(trigger: Trigger) -> NewReminder {
    NewReminder { id: None, trigger }
}

pub(crate) fn keep(id: ReminderId, trigger: Trigger) -> NewReminder {
    NewReminder { id: Some(id), trigger }
}

pub(crate) fn new_task(due: Option<Due>, triggers: &[Trigger]) -> NewTask {
    NewTask {
        id: TaskId(Uuid::from_u128(1)),
        owner: UserId(Uuid::from_u128(2)),
        title: Title::parse("Water the plants").expect("a title"),
        notes: Default::default(),
        priority: Default::default(),
        tags: Default::default(),
        due,
        planning: Default::default(),
        reminders: triggers.iter().copied().map(new).collect(),
        zone: berlin(),
        series: None,
    }
}

pub(crate) fn task(due: Option<Due>, triggers: &[Trigger]) -> Task {
    Task::create(new_task(due, triggers), now()).expect("a valid task").task
}

pub(crate) fn asked(rrule: &str) -> AskedRecurrence {
    AskedRecurrence {
        rrule: rrule.to_owned(),
        exdates: vec![],
        rdates: vec![],
        from: CountedFrom::Due,
        missed: Missed::Skip,
    }
}

/// The first instance of a series.
pub(crate) fn recurring(due: Due, rrule: &str) -> Task {
    let new = NewTask { series: Some(NewSeries::Asked(asked(rrule))), ..new_task(Some(due), &[]) };
    Task::create(new, now()).expect("a valid task").task
}

pub(crate) fn title(text: &str) -> TaskPatch {
    TaskPatch { title: Some(Title::parse(text).expect("a title")), ..Default::default() }
}

pub(crate) fn due(due: Option<Due>) -> TaskPatch {
    TaskPatch { due: Some(due), ..Default::default() }
}

pub(crate) fn reminders(entries: &[NewReminder]) -> TaskPatch {
    TaskPatch { reminders: Some(entries.to_vec()), ..Default::default() }
}

pub(crate) fn edit(task: &Task, patch: TaskPatch) -> Transition {
    task.clone().edit(patch, berlin(), now()).expect("a valid edit")
}

/// The task after an edit.
pub(crate) fn edited(task: &Task, patch: TaskPatch) -> Task {
    edit(task, patch).into_parts().0
}

/// The only reminder of a task.
pub(crate) fn only(task: &Task) -> &Reminder {
    assert_eq!(task.reminders().len(), 1);
    &task.reminders()[0]
}
