//! Recurrences: of a task, and as a preview of what a rule means.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Due;

/// A rule to look at before it is given to a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviewInput {
    /// When the first task would be due; a time needs its zone.
    pub start: Due,
    /// An RRULE of RFC 5545 (section 3.3.10), HOURLY at the finest.
    #[schema(max_length = 1000, example = "FREQ=YEARLY;BYMONTH=7;BYDAY=1SU")]
    pub rrule: String,
    /// Left out: local times of the series, or dates if it is all-day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub exdates: Vec<String>,
    /// Added: local times of the series, or dates if it is all-day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub rdates: Vec<String>,
    /// How many occurrences to pass over; none unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 50_000)]
    pub skip: Option<u32>,
    /// How many to list, 5 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 500)]
    pub count: Option<u32>,
}

/// What a rule means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Preview {
    pub occurrences: Vec<PreviewedOccurrence>,
    /// No occurrence follows those listed.
    pub ends: bool,
    /// The rule in English.
    #[schema(example = "every year on the first Sunday of July")]
    pub text: String,
}

/// One occurrence of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviewedOccurrence {
    /// RFC 3339 with the offset of the zone then; of an all-day one the midnight that the date begins with in UTC.
    #[schema(format = DateTime, example = "2012-07-01T02:30:00+01:00")]
    pub at: String,
    /// The day, if the series is all-day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Date, example = "2026-12-01")]
    pub date: Option<String>,
    /// The zone skips this time on the wall, so it is later by the gap.
    pub shifted: bool,
}

impl Preview {
    /// Of a preview of `series`.
    pub fn of(series: &domain::Recurrence, preview: &domain::Preview) -> Self {
        let occurrences = preview.occurrences.iter().map(PreviewedOccurrence::from).collect();
        Self { occurrences, ends: preview.ends, text: series.text() }
    }
}

impl From<&domain::Occurrence> for PreviewedOccurrence {
    fn from(occurrence: &domain::Occurrence) -> Self {
        let date = match occurrence.due {
            domain::Due::AllDay { date } => Some(date.format("%Y-%m-%d").to_string()),
            domain::Due::At { .. } => None,
        };
        Self { at: occurrence.at().to_rfc3339(), date, shifted: occurrence.shifted }
    }
}
