//! From an event to the next instance, with everything going wrong in between.

mod many;
mod order;
mod steps;
mod turning;
