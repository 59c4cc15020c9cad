//! Does what the ledger says: claim, ask the backend, record.
//!
//! - [`claim`] takes entries under a lease and counts the attempt before anything is asked.
//! - [`backend`] has an instance made or withdrawn, [`retry`] says when to try again.
//! - [`outcome`] commits what came of it, with its audit event.
//!
//! A worker that dies anywhere in between leaves an entry that is taken again when the lease ends. Asking
//! again is harmless: the instance's id is in the ledger, so it is the same one. The opposite waits until the
//! lease has ended, so that a request still under way does not undo it; see the ledger's `busy_until`.

mod backend;
mod claim;
mod outcome;
mod retry;
mod worker;

pub(crate) use backend::Backend;
pub(crate) use platform::WorkerHandle;
pub(crate) use worker::Worker;

#[cfg(test)]
pub(crate) use backend::{InstanceError, Instances};
#[cfg(test)]
pub(crate) use claim::{Claimed, Work};

#[cfg(test)]
mod tests;
