//! Sends queued mail: claim, send, record.
//!
//! - [`claim`] takes one delivery under a lease and counts the attempt *before* anything is sent, after
//!   looking again whether it is still worth sending.
//! - [`mail`] writes the mail, [`sender`] hands it to Dapr's output binding, [`retry`] says when to try again.
//! - [`outcome`] commits what came of it, with its audit event.
//!
//! A worker that dies between sending and recording leaves an unknown outcome: the lease runs out and the
//! mail is sent again under the same Message-ID. So nobody gets no mail, and nobody more than one more
//! for each unknown outcome. There is no other retry: none in Dapr's policies, none in the binding.

mod claim;
mod mail;
mod outcome;
mod retry;
mod sender;
mod worker;

pub(crate) use platform::WorkerHandle;
pub(crate) use sender::DaprBinding;
pub(crate) use worker::Worker;

#[cfg(test)]
mod tests;
