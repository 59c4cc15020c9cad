//! Dapr's scheduler in the test runtime, and a host's way of telling it what it wants.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{
    footprint::Touch,
    world::{ReminderKey, World},
};
use crate::{Call, ReminderChange};

/// As `routes.rs` has it: before Dapr sends a reminder again whose turn failed.
const REMINDER_PAUSE: Duration = Duration::from_secs(1);

impl World {
    /// What stands for `registrar.rs`: outside of the turn, one at a time for each reminder, the
    /// latest wish counts; a wish is lost with its host.
    pub(super) fn wish(&self, host: usize, actor_type: &str, actor_id: &str, change: ReminderChange) {
        let name = match &change {
            ReminderChange::Set(reminder) => reminder.name.clone(),
            ReminderChange::Clear(name) => name.clone(),
        };
        let key = (actor_type.to_owned(), actor_id.to_owned(), name);
        self.0.schedule.touch(Touch::Write, ("wish", host, &key));
        if self.0.hosts[host].wishes.borrow_mut().insert(key.clone(), change).is_some() {
            return;
        }
        let world = self.clone();
        self.spawn_on(host, async move {
            world.step(&format!("host {host} registers the reminder of {} {}", key.0, key.1)).await;
            world.0.schedule.touch(Touch::Write, ("wish", host, &key));
            let wish = world.0.hosts[host].wishes.borrow_mut().remove(&key);
            match wish {
                Some(ReminderChange::Set(reminder)) => world.set_reminder(key, reminder.due),
                Some(ReminderChange::Clear(_)) => {
                    world.touch_reminder(&key);
                    world.0.reminders.borrow_mut().remove(&key);
                }
                None => {}
            }
        });
    }

    fn touch_reminder(&self, key: &ReminderKey) {
        self.0.schedule.touch(Touch::Write, ("reminder", key));
    }

    fn set_reminder(&self, key: ReminderKey, due: DateTime<Utc>) {
        self.touch_reminder(&key);
        if self.0.reminders.borrow_mut().insert(key.clone(), due) == Some(due) {
            return;
        }
        let world = self.clone();
        self.spawn(async move {
            world.0.schedule.sleep_until(due).await;
            world.touch_reminder(&key);
            // Moved or cleared meanwhile: another task, or none, has it now.
            while world.0.reminders.borrow().get(&key) == Some(&due) {
                let (actor_type, actor_id, name) = &key;
                let factory = &world.0.factories[actor_type.as_str()];
                let method = factory.reminder_method(name).expect("the actor knows its reminder");
                let outcome = world.call(actor_type, actor_id, method, &Call::default()).await;
                world.touch_reminder(&key);
                if outcome.is_answer() {
                    let mut reminders = world.0.reminders.borrow_mut();
                    if reminders.get(&key) == Some(&due) {
                        reminders.remove(&key);
                    }
                    return;
                }
                world.sleep(REMINDER_PAUSE).await;
            }
        });
    }
}
