//! Who shares a project.

pub(super) mod add;
pub(super) mod change;
pub(super) mod list;
pub(super) mod remove;
