//! `NotificationActor`: a user's inbox. It turns one firing of a reminder into one notification and
//! one delivery a channel, however often it is told.
//!
//! Its only turn is a statement ([`Executes`](virtual_actors::Executes)), not a decision on a loaded state: what it depends on, the
//! task's state and what was told before, are rows that other actors and owners commit, so they must be looked
//! at inside the commit. Two owners at once, or a second telling under another command id, meet the
//! same keys and change nothing; there is no version to lose a race over and nothing cached to be stale.
//!
//! ```
//! # use contracts::{events::ReminderDue, notification::Notify};
//! # use notification_actor::NotificationActor;
//! # use virtual_actors::Executes;
//! # fn example(reminder: ReminderDue) {
//! let statement = NotificationActor::statement(&Notify { reminder });
//! assert_eq!(statement.name, "notify");
//! # }
//! ```
//!
//! In-app delivery is settled in the turn: the row is the delivery. Mail is only queued here; the
//! notification service's worker sends it, and settles it with [`outcome_events!`].

mod ids;
mod notify;
mod outcome;

use virtual_actors::{Actor, Methods};

pub use ids::{delivery_id, notification_id, outcome_event_id};

/// A user's inbox; the actor's id is the user's.
#[derive(Debug)]
pub struct NotificationActor;

impl Actor for NotificationActor {
    const TYPE: &'static str = "Notification";
    /// Never loaded or committed: the inbox is rows, and the one method is a statement on them.
    const TABLE: &'static str = "notification";
    type State = ();

    fn methods(methods: Methods<Self>) -> Methods<Self> {
        methods.executes::<contracts::notification::Notify>()
    }
}
