//! Tasks: a file an endpoint.

pub(super) mod bulk;
pub(super) mod complete;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod edit;
pub(super) mod end_recurrence;
pub(super) mod get;
pub(super) mod history;
pub(super) mod list;
pub(super) mod quick;
#[cfg(test)]
mod recurring;
pub(super) mod reopen;
pub(super) mod restore;
pub(super) mod skip;
pub(super) mod subtasks;
pub(super) mod undo;
