//! Query parameters of lists: each is known and given once, and all that is wrong is told at once.

use axum::extract::FromRequestParts;
use domain::{Violation, Violations};
use http::request::Parts;
use platform::Problem;

use crate::cursor::Cursor;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 200;
/// Longer than any cursor there is.
const MAX_CURSOR: usize = 1000;

/// What was given, and what is wrong with it so far.
pub(crate) struct Query {
    given: Vec<(String, String)>,
    found: Vec<Violation>,
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let given = axum::extract::Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let given = given.map_err(|error| Problem::invalid("query", "invalid_query", error.body_text()))?.0;
        Ok(Self { given, found: Vec::new() })
    }
}

impl Query {
    /// Parameters from elsewhere than a URL.
    pub(crate) fn of(given: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { given: given.into_iter().collect(), found: Vec::new() }
    }

    /// How many items a page has.
    pub(crate) fn limit(&mut self) -> usize {
        let Some(text) = self.take("limit") else { return DEFAULT_LIMIT };
        match text.parse() {
            Ok(limit) if (1..=MAX_LIMIT).contains(&limit) => limit,
            _ => {
                let detail = format!("A number from 1 to {MAX_LIMIT}.");
                self.found.push(Violation::new("limit", "out_of_range", detail));
                DEFAULT_LIMIT
            }
        }
    }

    /// Where the page before ended.
    pub(crate) fn cursor(&mut self) -> Option<Cursor> {
        let text = self.take("cursor")?;
        let cursor = Cursor::decode(&text);
        if cursor.is_none() {
            self.found.push(invalid_cursor());
        }
        cursor
    }

    /// A cursor that another service made.
    pub(crate) fn foreign_cursor(&mut self) -> Option<String> {
        let text = self.take("cursor")?;
        if text.is_empty() || text.len() > MAX_CURSOR || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.found.push(invalid_cursor());
        }
        Some(text)
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.take(name)?;
        let chosen = choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if chosen.is_none() {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            self.found.push(Violation::new(name, "unknown_value", format!("One of: {}.", words.join(", "))));
        }
        chosen
    }

    /// Call it when all that is known was taken.
    pub(crate) fn finish(mut self) -> Result<(), Violations> {
        let unknown = self.given.into_iter().map(|(name, _)| {
            let name: String = name.chars().take(100).collect();
            Violation::new(name, "unknown_parameter", "There is no such parameter here.")
        });
        self.found.extend(unknown);
        Violations::check(self.found)
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let mut values: Vec<String> = Vec::new();
        self.given.retain_mut(|(given, value)| {
            let other = given != name;
            if !other {
                values.push(std::mem::take(value));
            }
            other
        });
        if values.len() > 1 {
            self.found.push(Violation::new(name, "duplicate", "Give it once."));
        }
        values.into_iter().next()
    }
}

pub(crate) fn invalid_cursor() -> Violation {
    Violation::new("cursor", "invalid_cursor", "Not a cursor that this list gave out.")
}
