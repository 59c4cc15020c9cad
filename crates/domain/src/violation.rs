//! What is wrong with a person's input: where, by which rule, and in words.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

/// One broken rule, pointing at the field as the API names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{field}: {detail}")]
pub struct Violation {
    /// Path in the request body: `title`, `reminders[2].before`, `due.zone`.
    pub field: String,
    /// A short word for programs: `required`, `max_length`, `unknown_zone`…
    pub rule: Cow<'static, str>,
    /// A sentence for people.
    pub detail: String,
}

impl Violation {
    pub fn new(field: impl Into<String>, rule: &'static str, detail: impl Into<String>) -> Self {
        Violation { field: field.into(), rule: rule.into(), detail: detail.into() }
    }

    /// The same finding at another path, for a value that does not know where it was given.
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = field.into();
        self
    }
}

/// One or more violations, so that a person sees all of them at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(transparent)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Ok when nothing was found; so the list inside is never empty.
    pub fn check(found: Vec<Violation>) -> Result<(), Violations> {
        if found.is_empty() { Ok(()) } else { Err(Violations(found)) }
    }

    /// The same findings, for a value that was given elsewhere: paths that start with `from` start with `to`.
    pub fn moved(mut self, from: &str, to: &str) -> Self {
        for violation in &mut self.0 {
            if let Some(rest) = violation.field.strip_prefix(from) {
                violation.field = format!("{to}{rest}");
            }
        }
        self
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Violation> {
        self.0.iter()
    }
}

impl From<Violation> for Violations {
    fn from(violation: Violation) -> Self {
        Violations(vec![violation])
    }
}

impl IntoIterator for Violations {
    type Item = Violation;
    type IntoIter = std::vec::IntoIter<Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Violations {
    type Item = &'a Violation;
    type IntoIter = std::slice::Iter<'a, Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{violation}")?;
        }
        Ok(())
    }
}
