//! How long a task is expected to take.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{lead::sum, violation::Violation};

/// 1 minute to 9,999 hours. Stored as whole minutes; written as a duration of hours and minutes, `PT1H30M`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Estimate(u32);

impl Estimate {
    pub const MAX_MINUTES: u32 = 9_999 * 60;

    /// Reads the time part of an RFC 5545 duration (section 3.3.6), without seconds. Violations are at `estimate`.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let invalid = || {
            let detail = "An estimate looks like PT45M or PT1H30M: hours and minutes.";
            Violation::new("estimate", "invalid_duration", detail)
        };
        let time = text.strip_prefix("PT").filter(|time| !time.is_empty()).ok_or_else(invalid)?;
        let minutes = sum(time, &[('H', 60), ('M', 1)]).map_err(|violation| match &*violation.rule {
            "too_long" => out_of_range(),
            _ => invalid(),
        })?;
        u32::try_from(minutes).map_err(|_| out_of_range())?.try_into()
    }

    pub fn minutes(self) -> u32 {
        self.0
    }
}

fn out_of_range() -> Violation {
    Violation::new("estimate", "out_of_range", "An estimate is from 1 minute to 9,999 hours.")
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 60, self.0 % 60) {
            (0, minutes) => write!(f, "PT{minutes}M"),
            (hours, 0) => write!(f, "PT{hours}H"),
            (hours, minutes) => write!(f, "PT{hours}H{minutes}M"),
        }
    }
}

impl TryFrom<u32> for Estimate {
    type Error = Violation;

    fn try_from(minutes: u32) -> Result<Self, Violation> {
        if (1..=Self::MAX_MINUTES).contains(&minutes) { Ok(Estimate(minutes)) } else { Err(out_of_range()) }
    }
}

impl From<Estimate> for u32 {
    fn from(estimate: Estimate) -> u32 {
        estimate.0
    }
}
