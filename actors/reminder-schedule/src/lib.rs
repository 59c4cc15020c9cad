//! The `ReminderSchedule` actor: one user's clock.
//!
//! Its truth is the `reminder` rows that the user's tasks write in their own commits, so it keeps
//! no state. Its one method is one SQL statement ([`check`]): every row that is due is marked
//! fired, with its lateness, and its events go into the outbox; what comes next is answered. Two
//! clocks are set for that instant: a Dapr reminder, which survives this process, and a timer of
//! the activation, which survives the scheduler. Whichever comes first does the work; the other
//! finds nothing due. So the check may run any number of times, sent by anybody.
//!
//! ```text
//! task turn ─▶ outbox ─▶ check ◀─ Dapr reminder, timer, sweep
//!                          └─▶ reminder.due ─▶ next instant ─▶ Dapr reminder and timer
//! ```

mod check;

use contracts::reminder_schedule::CheckReminders;
use virtual_actors::{Actor, Message, Methods};

/// A user's clock, addressed by the user's id.
#[derive(Debug)]
pub struct ReminderScheduleActor;

/// The one Dapr reminder of a schedule.
const CLOCK: &str = "clock";

impl Actor for ReminderScheduleActor {
    const TYPE: &'static str = "ReminderSchedule";
    const TABLE: &'static str = "";
    type State = ();

    fn methods(methods: Methods<Self>) -> Methods<Self> {
        methods.executes::<CheckReminders>()
    }

    fn on_reminder(name: &str) -> Option<&'static str> {
        (name == CLOCK).then_some(CheckReminders::METHOD)
    }
}
