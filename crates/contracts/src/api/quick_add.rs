//! A task from one line of text.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Task, TaskInput, text};

/// A line to make a task of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuickAddInput {
    #[schema(value_type = text::QuickLine)]
    pub text: String,
    /// Only says what would be made.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub dry_run: bool,
}

/// How a line was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuickAdd {
    /// The phrases that were understood, in the order of the line.
    pub understood: Vec<UnderstoodPhrase>,
    /// Phrases that have more than one reading; they stayed in the title.
    pub unclear: Vec<UnclearPhrase>,
    /// The body of `POST /tasks` that the line stands for.
    pub draft: TaskInput,
    /// The task that was made; null in a dry run.
    #[schema(required)]
    pub task: Option<Task>,
}

/// A phrase and how it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnderstoodPhrase {
    #[schema(example = "at 9")]
    pub text: String,
    /// Where it begins and ends, in characters of the line. A phrase may enclose another.
    #[schema(example = 42)]
    pub start: usize,
    #[schema(example = 46)]
    pub end: usize,
    pub field: QuickAddField,
    /// In English.
    #[schema(example = "Monday 30 November 2026 at 09:00")]
    pub meaning: String,
}

/// A phrase that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnclearPhrase {
    #[schema(example = "1/12/2026")]
    pub text: String,
    #[schema(example = 4)]
    pub start: usize,
    #[schema(example = 13)]
    pub end: usize,
    /// Why not, and what to write instead.
    #[schema(example = "Day and month may be either way round: write 2026-12-01 or 1 dec.")]
    pub why: String,
}

/// The member of a task that a phrase is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuickAddField {
    Tags,
    Priority,
    Due,
    Start,
    Estimate,
    Recurrence,
    Reminders,
}

impl From<domain::quick_add::Field> for QuickAddField {
    fn from(field: domain::quick_add::Field) -> Self {
        use domain::quick_add::Field;
        match field {
            Field::Tags => Self::Tags,
            Field::Priority => Self::Priority,
            Field::Due => Self::Due,
            Field::Start => Self::Start,
            Field::Estimate => Self::Estimate,
            Field::Recurrence => Self::Recurrence,
            Field::Reminders => Self::Reminders,
        }
    }
}

impl QuickAdd {
    /// Of a line that was read, without its task.
    pub fn of(line: &str, read: &domain::quick_add::QuickAdd) -> Self {
        let chars: Vec<char> = line.chars().collect();
        let text = |start: usize, end: usize| chars[start..end].iter().collect::<String>();
        let understood = read.understood.iter().map(|one| {
            let (start, end) = (one.span.start, one.span.end);
            let (field, meaning) = (one.field.into(), one.meaning.clone());
            UnderstoodPhrase { text: text(start, end), start, end, field, meaning }
        });
        let unclear = read.unclear.iter().map(|one| {
            let (start, end) = (one.span.start, one.span.end);
            UnclearPhrase { text: text(start, end), start, end, why: one.why.clone() }
        });
        Self {
            understood: understood.collect(),
            unclear: unclear.collect(),
            draft: TaskInput::from(read),
            task: None,
        }
    }
}

impl From<&domain::quick_add::QuickAdd> for TaskInput {
    fn from(read: &domain::quick_add::QuickAdd) -> Self {
        Self {
            title: read.title.clone(),
            priority: read.priority.into(),
            tags: read.tags.clone(),
            due: read.due.as_ref().map(Into::into),
            reminders: read.reminders.iter().map(Into::into).collect(),
            start: read.start.map(|date| date.to_string()),
            estimate: read.estimate.map(|estimate| estimate.to_string()),
            recurrence: read.recurrence.as_ref().map(Into::into),
            ..Self::default()
        }
    }
}
