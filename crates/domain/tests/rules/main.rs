//! The rules as a caller sees them, one subject a file.

mod due;
mod edit;
mod given;
mod lead;
mod lifecycle;
mod planning;
mod position;
mod properties;
mod reminders;
mod series;
mod stored_state;
mod text;
mod trash;
mod undo;
mod wall_clock;
