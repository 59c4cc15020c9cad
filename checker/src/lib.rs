//! The independent checker: whether what Almanac promises was kept, in a run with faults.
//!
//! It depends on no other crate of this workspace, and restates in its own words what is promised. It
//! reads the clients' [`log`], the public API, the database and the mailbox.

pub mod log;
