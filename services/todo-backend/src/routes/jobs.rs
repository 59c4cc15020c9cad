//! What Dapr's cron bindings call.

pub(super) mod check_recurrences;
pub(super) mod check_reminders;
pub(super) mod daily_cleanup;
mod pokes;
