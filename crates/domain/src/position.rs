//! Where a task stands among others when a person orders them by hand: a fractional index.
//!
//! A position is a text that is compared byte by byte. Read as the digits of a fraction in base 62, there is always
//! another between two of them, so moving one task changes that task alone. What a task gets without being placed
//! grows with time, so that a new one comes last.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::violation::Violation;

/// In the order of their bytes.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE: usize = DIGITS.len();

/// 1 to 100 of `0-9A-Za-z`, the last of them no `0`: before that one there would be no room.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Position(String);

impl Position {
    pub const MAX: usize = 100;

    /// Violations are at `position`.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let sound = (1..=Self::MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && !text.ends_with('0');
        let detail = "A position is 1 to 100 of the characters 0-9, A-Z and a-z, and does not end in 0.";
        if sound {
            Ok(Position(text.to_owned()))
        } else {
            Err(Violation::new("position", "invalid_position", detail))
        }
    }

    /// Of a task that came, or was sent to the end, at this instant. `task_position` in SQL makes the same.
    pub fn last(now: DateTime<Utc>) -> Self {
        Position(format!("{:014x}V", now.timestamp_micros().max(0)))
    }

    /// One that lies between two, about in the middle; `None` is before the first or after the last.
    ///
    /// `None` when they are not in order, or nothing short enough lies between.
    pub fn between(after: Option<&Self>, before: Option<&Self>) -> Option<Self> {
        let low = after.map_or(&b""[..], |position| position.0.as_bytes());
        let high = before.map(|position| position.0.as_bytes());
        if high.is_some_and(|high| low >= high) {
            return None;
        }
        let text: String = midpoint(low, high).into_iter().map(char::from).collect();
        Position::parse(&text).ok()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Digits of a fraction between two others, `low` being less than `high`; without `high`, less than one.
fn midpoint(low: &[u8], high: Option<&[u8]>) -> Vec<u8> {
    let mut digits = Vec::new();
    let mut high = high;
    for place in 0.. {
        let below = low.get(place).map_or(0, |digit| value(*digit));
        let above = match high {
            Some(high) => high.get(place).map_or(0, |digit| value(*digit)),
            None => BASE,
        };
        if above > below + 1 {
            digits.push(DIGITS[usize::midpoint(below, above)]);
            break;
        }
        digits.push(DIGITS[below]);
        if above > below {
            // From here on anything that is more than `low` is less than `high`.
            high = None;
        }
    }
    digits
}

fn value(digit: u8) -> usize {
    DIGITS.iter().position(|known| *known == digit).unwrap_or(0)
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Position {
    type Error = Violation;

    fn try_from(text: String) -> Result<Self, Violation> {
        Position::parse(&text)
    }
}

impl From<Position> for String {
    fn from(position: Position) -> String {
        position.0
    }
}
