//! A state between memory and store: its schema version, its type, and what the type does not know.

use serde::Deserialize;
use serde_json::Value;

use crate::{actor::Actor, unknown::Unknown};

/// The member of a stored state that holds its schema version; left out while that is 1.
const SCHEMA_VERSION: &str = "schema_version";

/// Why a stored state gives no state.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// Another host, of a newer version of the program, can read it.
    #[error("the stored state has schema version {stored}; this host reads up to {reads}")]
    Newer { stored: u64, reads: u32 },
    /// Nobody can, until it is mended.
    #[error("the stored state cannot be read: {0}")]
    Broken(#[from] serde_json::Error),
}

/// The state that was stored, and what of it `A::State` does not know.
pub(crate) fn read<A: Actor>(stored: Value) -> Result<(A::State, Unknown), Unreadable> {
    let stored = upcast::<A>(stored)?;
    let state = A::State::deserialize(&stored)?;
    let unknown = Unknown::between(stored, &serde_json::to_value(&state)?, A::IDENTITY);
    Ok((state, unknown))
}

/// What was stored, in the shape of the schema version this code reads.
pub(crate) fn upcast<A: Actor>(mut stored: Value) -> Result<Value, Unreadable> {
    let version = stored.as_object_mut().and_then(|members| members.remove(SCHEMA_VERSION));
    let version = version.map_or(Ok(1), |version| u64::deserialize(&version))?;
    match u32::try_from(version) {
        Ok(version) if version < A::READS => Ok(A::upcast(version, stored)),
        Ok(version) if version == A::READS => Ok(stored),
        _ => Err(Unreadable::Newer { stored: version, reads: A::READS }),
    }
}

/// What to store for a state; `unknown` is what came with the one before, and becomes what goes with this one.
pub(crate) fn write<A: Actor>(state: &A::State, unknown: &mut Unknown) -> Result<Value, serde_json::Error> {
    let mut stored = serde_json::to_value(state)?;
    if *unknown != Unknown::Nothing {
        unknown.put_back(&mut stored, A::IDENTITY);
    }
    if A::SCHEMA > 1 {
        let members = stored.as_object_mut();
        let members = members.ok_or_else(|| serde::ser::Error::custom("a versioned state is an object"))?;
        members.insert(SCHEMA_VERSION.to_owned(), A::SCHEMA.into());
    }
    Ok(stored)
}
