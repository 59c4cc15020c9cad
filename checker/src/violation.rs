//! What a check finds.

use serde::Serialize;

/// A promise the checker holds Almanac to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    pub name: &'static str,
    pub promise: &'static str,
}

/// A rule that was broken, by whom, and what shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Violation {
    pub rule: &'static str,
    pub promise: &'static str,
    pub subject: String,
    pub evidence: String,
}

impl Rule {
    pub(crate) const fn new(name: &'static str, promise: &'static str) -> Self {
        Self { name, promise }
    }

    pub(crate) fn broken(
        &self,
        subject: impl std::fmt::Display,
        evidence: impl std::fmt::Display,
    ) -> Violation {
        Violation {
            rule: self.name,
            promise: self.promise,
            subject: subject.to_string(),
            evidence: evidence.to_string(),
        }
    }
}
