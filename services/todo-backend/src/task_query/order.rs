//! The orders lists may have.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde_json::Value;
use sqlx::{Row, postgres::PgRow};

use super::Filters;

/// What a list is ordered by; the id follows, so that no two tasks share a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Created,
    Due,
    Priority,
    Title,
    Position,
    Start,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Up,
    Down,
}

/// A part of a list. One follows the other.
#[derive(Debug, Clone)]
pub(crate) struct Phase {
    pub(crate) filters: Filters,
    pub(crate) column: Column,
    pub(crate) direction: Direction,
    /// The part that has nothing in the column: it always comes last.
    pub(crate) without: bool,
}

/// Where something stands in an order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Key {
    Instant(DateTime<Utc>),
    Day(NaiveDate),
    Number(i16),
    Text(String),
    Nothing,
}

pub(crate) const SORTS: &[(&str, (Column, Direction))] = &[
    ("created", (Column::Created, Direction::Up)),
    ("-created", (Column::Created, Direction::Down)),
    ("due", (Column::Due, Direction::Up)),
    ("-due", (Column::Due, Direction::Down)),
    ("priority", (Column::Priority, Direction::Up)),
    ("-priority", (Column::Priority, Direction::Down)),
    ("title", (Column::Title, Direction::Up)),
    ("-title", (Column::Title, Direction::Down)),
    ("position", (Column::Position, Direction::Up)),
    ("-position", (Column::Position, Direction::Down)),
];

impl Phase {
    /// The parts of a list in this order.
    pub(crate) fn all(filters: Filters, column: Column, direction: Direction) -> Vec<Self> {
        let with = Self { filters, column, direction, without: false };
        if column != Column::Due || with.filters.wants_due() {
            return vec![with];
        }
        let without = Self { without: true, ..with.clone() };
        vec![with, without]
    }
}

impl Direction {
    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::Up => "ASC",
            Self::Down => "DESC",
        }
    }

    pub(super) fn beyond(self) -> &'static str {
        match self {
            Self::Up => ">",
            Self::Down => "<",
        }
    }
}

impl Column {
    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::Created => "created_at",
            Self::Due => "due_at",
            Self::Priority => "priority",
            Self::Title => "title_key",
            Self::Position => "position",
            Self::Start => "start_on",
        }
    }

    /// The `key` of a row.
    pub(super) fn key_of(self, row: &PgRow) -> Result<Key, sqlx::Error> {
        Ok(match self {
            Self::Created | Self::Due => {
                row.try_get::<Option<_>, _>("key")?.map_or(Key::Nothing, Key::Instant)
            }
            Self::Start => row.try_get::<Option<_>, _>("key")?.map_or(Key::Nothing, Key::Day),
            Self::Priority => Key::Number(row.try_get("key")?),
            Self::Title | Self::Position => Key::Text(row.try_get("key")?),
        })
    }

    /// A key as [`Key::to_json`] writes it, if it is one of this column.
    pub(super) fn key_from_json(self, value: Value) -> Option<Key> {
        // Other years do not fit the database.
        let fits = |year: i32| (1..=9999).contains(&year);
        Some(match (self, value) {
            (Self::Due | Self::Start, Value::Null) => Key::Nothing,
            (Self::Created | Self::Due, Value::String(text)) => {
                Key::Instant(text.parse().ok().filter(|at: &DateTime<Utc>| fits(at.year()))?)
            }
            (Self::Start, Value::String(text)) => {
                Key::Day(text.parse().ok().filter(|day: &NaiveDate| fits(day.year()))?)
            }
            (Self::Priority, Value::Number(number)) => Key::Number(number.as_i64()?.try_into().ok()?),
            (Self::Title | Self::Position, Value::String(text)) if !text.contains('\0') => Key::Text(text),
            _ => return None,
        })
    }
}

impl Key {
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Instant(at) => at.to_rfc3339().into(),
            Self::Day(day) => day.to_string().into(),
            Self::Number(number) => (*number).into(),
            Self::Text(text) => text.as_str().into(),
            Self::Nothing => Value::Null,
        }
    }
}
