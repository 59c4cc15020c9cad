//! Sends queued mail: claim, send, record.
//!
//! There are two [queues](queue): of [`reminders`], and of what [`accounts`] need, such as a link for a new password. Each
//! - claims one mail under a lease and counts the attempt *before* anything is sent, after looking again whether it
//!   is still worth sending,
//! - writes it, and
//! - commits what came of it; a reminder's with its audit event.
//!
//! The [`worker`] is for both. [`sender`] hands a mail to Dapr's output binding, [`retry`] says when to try again.
//!
//! A worker that dies between sending and recording leaves an unknown outcome: the lease runs out and the
//! mail is sent again under the same Message-ID. So nobody gets no mail, and nobody more than one more
//! for each unknown outcome. There is no other retry: none in Dapr's policies, none in the binding.

mod accounts;
mod mail;
mod outcome;
mod queue;
mod reminders;
mod retry;
mod sender;
mod worker;

pub(crate) use platform::WorkerHandle;
pub(crate) use sender::DaprBinding;
pub(crate) use worker::Worker;

/// What mails say of this installation.
#[derive(Clone)]
pub(crate) struct Settings {
    /// The right-hand side of Message-IDs.
    pub(crate) message_id_domain: String,
    /// What links begin with: where people reach Almanac.
    pub(crate) public_url: String,
}

#[cfg(test)]
mod tests;
