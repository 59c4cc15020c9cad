//! The keys that sign access tokens, in the file of secrets.

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};

use crate::{clock, components, state_dir::StateDir};

/// How long every backend has to learn of a key before it signs: each looks every 20 s.
const NOTICE: TimeDelta = TimeDelta::seconds(60);

/// Adds a key, for a system that runs too; from when it signs. With `forget_others` that is now, and what others signed
/// does not hold any more; else tokens of the key that signs now hold until they end.
pub fn rotate_key(directory: &StateDir, forget_others: bool) -> Result<DateTime<Utc>> {
    let now = clock::now();
    let name = |from: DateTime<Utc>| from.format("%Y%m%dT%H%M%SZ").to_string();
    let from = if forget_others { now } else { now + NOTICE };
    directory.add_key(&name(from), (!forget_others).then(|| name(now)).as_deref())?;
    components::announce_secrets(directory)?;
    Ok(from)
}
