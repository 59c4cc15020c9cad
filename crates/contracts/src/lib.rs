//! What crosses a process boundary: messages to actors, events on topics, and the REST API's models.
//!
//! A message names the actor type and method it is for, and the types of its two answers, so that
//! a caller needs nothing of the actor's code:
//!
//! ```
//! use contracts::task::CompleteTask;
//! use virtual_actors::Message;
//!
//! assert_eq!(CompleteTask::ACTOR, "Task");
//! assert_eq!(CompleteTask::METHOD, "complete");
//! ```
//!
//! Everything here is written to JSON that a newer or older version may read: fields are only
//! ever added, with a default, and in messages left out while they have it. `docs/upgrades.md` has the rules;
//! `tests/pinned` has texts that must stay readable.

pub mod api;
pub mod events;
pub mod notification;
pub mod project;
pub mod recurrence;
pub mod reminder_schedule;
pub mod task;

/// Says what a [`Message`](virtual_actors::Message) is for: the actor, the method, and its two answers.
macro_rules! message {
    ($message:ty => $actor:literal / $method:literal, $reply:ty, $refusal:ty) => {
        impl virtual_actors::Message for $message {
            const ACTOR: &'static str = $actor;
            const METHOD: &'static str = $method;
            type Reply = $reply;
            type Refusal = $refusal;
        }
    };
}
pub(crate) use message;
