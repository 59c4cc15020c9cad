//! Recurrences: of a task, and as a preview of what a rule means.

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Due, text};

/// How a task recurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Recurrence {
    /// In the order of RFC 5545, without what goes without saying.
    #[schema(example = "FREQ=WEEKLY;BYDAY=MO")]
    pub rrule: String,
    pub from: CountedFrom,
    pub exdates: Vec<String>,
    pub rdates: Vec<String>,
    pub missed: Missed,
    /// The same for all instances of a series.
    pub series_id: Uuid,
    /// Which occurrence of the series this task is: the local time or date the rule names, wherever the
    /// task was moved to.
    #[schema(example = "2026-12-07T09:00:00")]
    pub occurrence: String,
    /// A person ended the series.
    pub ended: bool,
    /// The rule in English.
    #[schema(example = "every week on Monday")]
    pub text: String,
}

/// How a task is to recur; when it is due is where the rule starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecurrenceInput {
    #[schema(value_type = text::RecurrenceRule)]
    pub rrule: String,
    #[serde(default)]
    #[schema(value_type = Option<CountedFrom>)]
    pub from: CountedFrom,
    /// Left out: local times of the series, or dates if it is all-day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000, value_type = Option<Vec<text::DayOrLocalTime>>)]
    pub exdates: Vec<String>,
    /// Added: local times of the series, or dates if it is all-day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000, value_type = Option<Vec<text::DayOrLocalTime>>)]
    pub rdates: Vec<String>,
    #[serde(default)]
    #[schema(value_type = Option<Missed>)]
    pub missed: Missed,
    /// Shown with each recurrence, and not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series_id: Option<serde_json::Value>,
    /// Shown with each recurrence, and not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurrence: Option<serde_json::Value>,
    /// Shown with each recurrence, and not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<serde_json::Value>,
    /// Shown with each recurrence, and not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<serde_json::Value>,
}

/// From when the next instance is counted: from when this one was due, or from the day it was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CountedFrom {
    #[default]
    Due,
    Completion,
}

/// What becomes of occurrences whose time passes while the instance before them is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Missed {
    /// They are left out.
    #[default]
    Skip,
    /// Each becomes a task.
    KeepEach,
}

/// A rule to look at before it is given to a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviewInput {
    /// When the first task would be due; a time needs its zone.
    pub start: Due,
    #[schema(value_type = text::RecurrenceRule)]
    pub rrule: String,
    /// Left out: local times of the series, or dates if it is all-day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000, value_type = Option<Vec<text::DayOrLocalTime>>)]
    pub exdates: Vec<String>,
    /// Added: local times of the series, or dates if it is all-day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000, value_type = Option<Vec<text::DayOrLocalTime>>)]
    pub rdates: Vec<String>,
    /// How many occurrences to pass over; none unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 10_000)]
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

impl From<&domain::SeriesLink> for Recurrence {
    fn from(link: &domain::SeriesLink) -> Self {
        let series = &link.recurrence;
        let named = |local: &NaiveDateTime| match series.start() {
            domain::Due::AllDay { .. } => local.format("%Y-%m-%d").to_string(),
            domain::Due::At { .. } => local.format("%Y-%m-%dT%H:%M:%S").to_string(),
        };
        Self {
            rrule: series.rule().to_string(),
            from: series.counted_from().into(),
            exdates: series.exdates().iter().map(named).collect(),
            rdates: series.rdates().iter().map(named).collect(),
            missed: series.missed().into(),
            series_id: link.series.0,
            occurrence: named(&link.occurrence),
            ended: series.ended().is_some(),
            text: series.text(),
        }
    }
}

impl From<&domain::AskedRecurrence> for RecurrenceInput {
    fn from(asked: &domain::AskedRecurrence) -> Self {
        Self {
            rrule: asked.rrule.clone(),
            from: asked.from.into(),
            exdates: asked.exdates.clone(),
            rdates: asked.rdates.clone(),
            missed: asked.missed.into(),
            series_id: None,
            occurrence: None,
            ended: None,
            text: None,
        }
    }
}

impl From<domain::CountedFrom> for CountedFrom {
    fn from(from: domain::CountedFrom) -> Self {
        match from {
            domain::CountedFrom::Due => Self::Due,
            domain::CountedFrom::Completion => Self::Completion,
        }
    }
}

impl From<domain::Missed> for Missed {
    fn from(missed: domain::Missed) -> Self {
        match missed {
            domain::Missed::Skip => Self::Skip,
            domain::Missed::KeepEach => Self::KeepEach,
        }
    }
}
