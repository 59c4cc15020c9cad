//! What holds for a task whatever is asked of it, in whatever order, by whatever clock.

use std::collections::{HashMap, HashSet};

use crate::given::*;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{
    AskedRecurrence, Due, NewReminder, NewSeries, NewTask, Priority, Refusal, ReminderId, Scope, SeriesId,
    Status, Task, TaskPatch, Transition, Trigger, UserZone,
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use uuid::Uuid;

#[allow(clippy::large_enum_variant, reason = "a few of them, in a test")]
#[derive(Clone, Debug)]
enum Command {
    Edit { patch: TaskPatch, named: Vec<usize>, zone: UserZone },
    Complete,
    Reopen(UserZone),
    Delete,
    Restore(UserZone),
    Skip,
    EndSeries,
    Withdraw,
    MakeAgain(UserZone),
}

fn any_instant() -> impl Strategy<Value = DateTime<Utc>> {
    (-72..=72_i64).prop_map(|hours| now() + TimeDelta::hours(hours))
}

fn any_due() -> impl Strategy<Value = Due> {
    let date = (0..6_i64).prop_map(|days| now().date_naive() + TimeDelta::days(days - 3));
    prop_oneof![
        8 => date.clone().prop_map(|date| Due::AllDay { date }),
        8 => (date, 0..24_u32, select(vec!["Europe/Berlin", "Asia/Tokyo", "Pacific/Apia"])).prop_map(
            |(date, hour, name)| Due::At {
                local: date.and_hms_opt(hour, 0, 0).expect("a full hour"),
                zone: zone(name)
            }
        ),
        1 => Just(Due::AllDay { date: NaiveDate::MAX }),
    ]
}

fn any_trigger() -> impl Strategy<Value = Trigger> {
    prop_oneof![
        any_instant().prop_map(Trigger::At),
        select(vec!["PT0S", "PT10M", "PT24H", "P1D", "P1DT2H", "P1W"]).prop_map(before),
    ]
}

fn any_zone() -> impl Strategy<Value = UserZone> {
    (select(vec!["Europe/Berlin", "Asia/Tokyo", "America/New_York"]), 0..4_u32)
        .prop_map(|(name, version)| UserZone::new(zone(name), version))
}

fn any_recurrence() -> impl Strategy<Value = AskedRecurrence> {
    select(vec!["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO;COUNT=3", "FREQ=HOURLY", "FREQ=SECONDLY"]).prop_map(asked)
}

fn any_patch() -> impl Strategy<Value = TaskPatch> {
    (
        option::of(select(vec!["Water the plants", "Water the cactus"])),
        option::of(select(vec![Priority::None, Priority::Urgent])),
        option::of(option::of(any_due())),
        option::of(vec(any_trigger(), 0..4)),
        option::of(option::of(any_recurrence())),
        select(vec![Scope::This, Scope::Following, Scope::All]),
    )
        .prop_map(|(name, priority, due, triggers, recurrence, scope)| TaskPatch {
            recurrence,
            scope,
            priority,
            due,
            reminders: triggers.map(|triggers| triggers.into_iter().map(new).collect()),
            ..name.map(title).unwrap_or_default()
        })
}

fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        4 => (any_patch(), vec(0..8_usize, 0..3), any_zone())
            .prop_map(|(patch, named, zone)| Command::Edit { patch, named, zone }),
        1 => Just(Command::Complete),
        1 => any_zone().prop_map(Command::Reopen),
        1 => Just(Command::Delete),
        1 => any_zone().prop_map(Command::Restore),
        1 => Just(Command::Skip),
        1 => Just(Command::EndSeries),
        1 => Just(Command::Withdraw),
        1 => any_zone().prop_map(Command::MakeAgain),
    ]
}

fn act(task: Task, command: Command, now: DateTime<Utc>) -> Result<Transition, Refusal> {
    match command {
        Command::Edit { mut patch, named, zone } => {
            for (entry, index) in patch.reminders.iter_mut().flatten().zip(named) {
                // Beyond the list: an id no one has.
                let known = task.reminders().get(index).map(|reminder| reminder.id);
                entry.id = Some(known.unwrap_or(ReminderId(Uuid::from_u128(index as u128))));
            }
            task.edit(patch, zone, now)
        }
        Command::Complete => task.complete(now),
        Command::Reopen(zone) => task.reopen(zone, now),
        Command::Delete => task.delete(now),
        Command::Restore(zone) => task.restore(zone, now),
        Command::Skip => task.skip(now),
        Command::EndSeries => task.end_series(now),
        Command::Withdraw => Ok(task.withdraw(now)),
        Command::MakeAgain(zone) => task.make_again(zone, now),
    }
}

/// The planned instant of every firing that was ever pending. One firing has one instant, and one life: once
/// withdrawn it does not come back, so the store may refuse to insert a row twice.
#[derive(Default)]
struct Clock {
    firings: HashMap<(ReminderId, u32), DateTime<Utc>>,
    withdrawn: HashSet<(ReminderId, u32)>,
    generations: HashMap<ReminderId, u32>,
}

impl Clock {
    fn see(&mut self, task: &Task) -> Result<(), TestCaseError> {
        for reminder in task.reminders() {
            let last = self.generations.insert(reminder.id, reminder.generation).unwrap_or(1);
            prop_assert!(reminder.generation >= last, "generation went back: {reminder:?}");
        }
        let rows = task.pending_rows();
        let pending: HashSet<_> = rows.iter().map(|row| (row.reminder_id, row.generation)).collect();
        self.withdrawn.extend(self.firings.keys().filter(|firing| !pending.contains(*firing)));
        for row in rows {
            let firing = (row.reminder_id, row.generation);
            prop_assert!(!self.withdrawn.contains(&firing), "a withdrawn firing came back");
            let planned = *self.firings.entry(firing).or_insert(row.fires_at);
            prop_assert_eq!(planned, row.fires_at, "one firing was moved without a new generation");
        }
        Ok(())
    }
}

fn holds_for(task: &Task) -> Result<(), TestCaseError> {
    let live = task.status() == Status::Open && !task.is_deleted();
    prop_assert!(live || task.pending_rows().is_empty());
    prop_assert!(live || task.reminders().iter().all(|reminder| !reminder.armed));
    let armed = task.reminders().iter().filter(|reminder| reminder.armed).count();
    prop_assert_eq!(task.pending_rows().len(), armed);
    let ids: HashSet<_> = task.reminders().iter().map(|reminder| reminder.id).collect();
    prop_assert_eq!(ids.len(), task.reminders().len());
    for reminder in task.reminders() {
        let planned = match reminder.trigger {
            Trigger::At(instant) => Some(instant),
            Trigger::Before(lead) => task.due().map(|due| lead.before(due, task.zone())),
        };
        prop_assert!(reminder.generation > 0);
        // A newer zone that came with another command is followed at once, so this always holds.
        prop_assert_eq!(reminder.fires_at, planned);
    }
    if let Some(link) = task.series() {
        prop_assert!(task.due().is_some(), "what recurs is due");
        prop_assert_eq!(link.series, SeriesId::of_first(task.id()));
    }
    let json = serde_json::to_string(task).expect("serialises");
    prop_assert_eq!(&serde_json::from_str::<Task>(&json).expect("loads"), task);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_life_of_a_task(
        triggers in vec(any_trigger(), 0..4),
        due in option::of(any_due()),
        recurrence in option::of(any_recurrence()),
        commands in vec((any_command(), any_instant()), 0..20),
    ) {
        let series = recurrence.map(NewSeries::Asked);
        let new = NewTask { series, ..new_task(due, &triggers) };
        let Ok(created) = Task::create(new, now()) else { return Ok(()) };
        let mut task = created.task;
        let mut clock = Clock::default();
        holds_for(&task)?;
        clock.see(&task)?;
        for (command, at) in commands {
            let before = task.clone();
            task = match act(task, command, at) {
                Err(_) => before,
                Ok(Transition::Unchanged(task)) => {
                    prop_assert_eq!(&task, &before);
                    task
                }
                Ok(Transition::Changed { task, events }) => {
                    prop_assert!(!events.is_empty());
                    prop_assert_ne!(&task, &before);
                    prop_assert!(task.updated_at() >= before.updated_at());
                    prop_assert_eq!(task.created_at(), before.created_at());
                    if let (Some(old), Some(link)) = (before.series(), task.series()) {
                        prop_assert!(link.edited_at >= old.edited_at, "the latest edit of a series holds");
                        let tells = link.edited_at > old.edited_at;
                        prop_assert!(tells || link.recurrence == old.recurrence, "nobody would learn of it");
                    }
                    task
                }
            };
            holds_for(&task)?;
            clock.see(&task)?;
        }
    }

    #[test]
    fn asking_twice_changes_once(command in any_command(), at in any_instant(), due in option::of(any_due())) {
        let Ok(created) = Task::create(new_task(due, &[before("P1D")]), now()) else { return Ok(()) };
        if let Ok(first) = act(created.task, command.clone(), at) {
            // An edit of a whole series is told each time, since its other instances may differ.
            let named = matches!(&command, Command::Edit { named, patch, .. }
                if !named.is_empty() || patch.scope != Scope::This);
            let (once, _) = first.into_parts();
            // A name is a place in the list, which the first edit may have changed.
            if let (Ok(twice), false) = (act(once.clone(), command, at), named) {
                prop_assert_eq!(twice, Transition::Unchanged(once));
            }
        }
    }
}

#[test]
fn entries_without_id_are_the_same_as_their_json() {
    let entry: NewReminder = serde_json::from_str(r#"{"before":"P1D"}"#).expect("reads");
    assert_eq!(entry, new(before("P1D")));
    assert_eq!(serde_json::to_string(&entry).expect("serialises"), r#"{"before":"P1D"}"#);
}
