//! Files as a caller sees them, one format a file.

mod given;
mod hostile;
mod ical;
mod own;
mod todoist;
