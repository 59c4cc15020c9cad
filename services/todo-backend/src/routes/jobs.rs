//! What Dapr's cron bindings call.

pub(super) mod check_reminders;
