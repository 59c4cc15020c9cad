//! The keys that sign access tokens, in the file of secrets.

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};

use crate::{clock, components, state_dir::StateDir};

/// How long every backend has to learn of a key before it signs: each looks every 20 s.
const NOTICE: TimeDelta = TimeDelta::seconds(60);
/// Tokens of the key before hold until they end.
const KEPT: usize = 1;

/// Adds a key, for a system that runs too; from when it signs. With `forget_others` that is now, and what others signed
/// does not hold any more.
pub fn rotate_key(directory: &StateDir, forget_others: bool) -> Result<DateTime<Utc>> {
    let (from, kept) = if forget_others { (clock::now(), 0) } else { (clock::now() + NOTICE, KEPT) };
    directory.add_key(&from.format("%Y%m%dT%H%M%SZ").to_string(), kept)?;
    components::announce_secrets(directory)?;
    Ok(from)
}
