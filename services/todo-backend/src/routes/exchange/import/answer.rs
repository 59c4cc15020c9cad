//! What became of an import.

use platform::FieldError;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What became of each task of a file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Import {
    dry_run: bool,
    /// How many were made, or would be.
    created: usize,
    /// How many had been imported before, or are the caller's own.
    existing: usize,
    refused: usize,
    failed: usize,
    /// In the order of the file.
    items: Vec<Imported>,
}

/// What became of a task.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Imported {
    /// What names it in the file.
    pub(super) uid: String,
    /// Where it begins, from 1.
    #[schema(required)]
    pub(super) line: Option<usize>,
    pub(super) title: String,
    pub(super) outcome: Outcome,
    pub(super) id: Uuid,
    /// Why it was refused.
    pub(super) errors: Vec<FieldError>,
    /// What of it was not taken.
    pub(super) ignored: Vec<Ignored>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Created,
    Existing,
    /// It breaks a rule.
    Refused,
    /// It could not be reached; import the file again.
    Failed,
}

/// Something that was not taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ignored {
    #[schema(required)]
    line: Option<usize>,
    /// The property, column or member.
    #[schema(example = "RRULE")]
    what: String,
    #[schema(example = "unsupported")]
    rule: &'static str,
    detail: String,
}

impl From<exchange::Ignored> for Ignored {
    fn from(ignored: exchange::Ignored) -> Self {
        let exchange::Ignored { line, what, rule, detail } = ignored;
        Self { line, what, rule, detail }
    }
}

impl Import {
    pub(super) fn of(dry_run: bool, items: Vec<Imported>) -> Self {
        let count = |outcome| items.iter().filter(|item| item.outcome == outcome).count();
        Self {
            dry_run,
            created: count(Outcome::Created),
            existing: count(Outcome::Existing),
            refused: count(Outcome::Refused),
            failed: count(Outcome::Failed),
            items,
        }
    }
}
