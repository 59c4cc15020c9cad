//! The parameters of lists, as the document tells of them. `filters` reads them.

#![allow(dead_code, reason = "only describes the parameters")]

use utoipa::{IntoParams, ToSchema};

/// Of `GET /api/v1/tasks`.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParameters {
    /// `open` unless given.
    #[param(inline, example = "open")]
    status: Option<StatusParameter>,
    /// From this day on in the person's zone, or from this instant on.
    #[param(format = "day-or-instant", min_length = 10, example = "2026-12-01")]
    due_from: Option<String>,
    /// Until the end of this day in the person's zone, or before this instant.
    #[param(format = "day-or-instant", min_length = 10, example = "2026-12-31")]
    due_to: Option<String>,
    /// Whether its time, or its day in the person's zone, is past and it is open.
    overdue: Option<bool>,
    /// Open, and started on this day or before.
    #[param(format = Date, example = "2026-12-01")]
    start_to: Option<String>,
    /// `-created` unless given; `-` turns it round.
    #[param(inline, example = "due")]
    sort: Option<SortParameter>,
    /// A saved filter's id: its parameters, but for those that are given.
    filter: Option<uuid::Uuid>,
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
enum StatusParameter {
    Open,
    Done,
    All,
}

#[derive(ToSchema)]
enum SortParameter {
    #[serde(rename = "created")]
    Created,
    #[serde(rename = "-created")]
    CreatedDown,
    #[serde(rename = "due")]
    Due,
    #[serde(rename = "-due")]
    DueDown,
    #[serde(rename = "priority")]
    Priority,
    #[serde(rename = "-priority")]
    PriorityDown,
    #[serde(rename = "title")]
    Title,
    #[serde(rename = "-title")]
    TitleDown,
    #[serde(rename = "position")]
    Position,
    #[serde(rename = "-position")]
    PositionDown,
}

/// What lists and views have in common.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CommonParameters {
    /// A project's id, or `none`.
    #[param(format = "id-or-none", min_length = 4)]
    project: Option<String>,
    /// A task's id: its subtasks; or `none`: no subtasks.
    #[param(format = "id-or-none", min_length = 4)]
    parent: Option<String>,
    /// Has one of these tags, with commas between. Case does not matter.
    #[param(format = "tags", min_length = 1, example = "home,garden")]
    tag: Option<String>,
    /// Has all of these tags.
    #[param(format = "tags", min_length = 1)]
    tag_all: Option<String>,
    /// Has none of these tags.
    #[param(format = "tags", min_length = 1)]
    tag_none: Option<String>,
    /// One of these, with commas between.
    #[param(format = "priorities", min_length = 1, example = "high,urgent")]
    priority: Option<String>,
    /// This or a higher one.
    priority_min: Option<contracts::api::Priority>,
    /// From this day on in the person's zone, or from this instant on.
    #[param(format = "day-or-instant", min_length = 10)]
    created_from: Option<String>,
    /// Until the end of this day, or before this instant.
    #[param(format = "day-or-instant", min_length = 10)]
    created_to: Option<String>,
    /// Whether it is an instance of a series.
    has_recurrence: Option<bool>,
    /// Whether it waits for another task that is open.
    blocked: Option<bool>,
    /// Has all of these words in title and notes, or in a comment, each at least as a beginning, case and accents aside;
    /// `-word` is not there; `"some words"` are there as they stand.
    #[param(max_length = 200, example = "rent -flat")]
    q: Option<String>,
    /// How many, 50 unless given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}
