//! What a load and a commit make of a stored state: for tests of states that other versions stored.

use serde_json::Value;

use crate::{Actor, stored};

/// What is stored when a turn gives back the state it was given.
///
/// # Errors
/// When this version cannot read the state.
pub fn restored<A: Actor>(stored: Value) -> Result<Value, String> {
    let (state, mut unknown) = stored::read::<A>(stored).map_err(|error| error.to_string())?;
    stored::write::<A>(&state, &mut unknown).map_err(|error| error.to_string())
}
