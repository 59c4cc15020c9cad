//! What people write: titles, notes and tags, bounded and free of control characters.
//!
//! Each is parsed where it enters and stays valid from then on; deserialising checks again.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::violation::{Violation, Violations};

/// A task's title: one trimmed line of 1 to 500 characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Title(String);

impl Title {
    pub const MAX_CHARS: usize = 500;

    /// Violations are at `title`; [`Violation::at`] moves them.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        single_line("title", text, Self::MAX_CHARS).map(Title)
    }
}

impl Title {
    /// In the place of one that was deleted for good.
    pub(crate) fn of_purged() -> Self {
        Title("Deleted".to_owned())
    }
}

/// Free text under the title: at most 20,000 characters; `\r\n` becomes `\n`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Notes(String);

impl Notes {
    pub const MAX_CHARS: usize = 20_000;

    /// Violations are at `notes`.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        lines("notes", text, Self::MAX_CHARS).map(Notes)
    }
}

/// What a person says on a task, in Markdown: 1 to 10,000 characters, not only space; `\r\n` becomes `\n`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommentText(String);

impl CommentText {
    pub const MAX_CHARS: usize = 10_000;

    /// Violations are at `text`.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        if text.trim().is_empty() {
            return Err(Violation::new("text", "required", "The text is empty."));
        }
        lines("text", text, Self::MAX_CHARS).map(CommentText)
    }
}

/// What a project is called: one trimmed line of 1 to 200 characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProjectName(String);

impl ProjectName {
    pub const MAX_CHARS: usize = 200;

    /// Violations are at `name`.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        single_line("name", text, Self::MAX_CHARS).map(ProjectName)
    }

    /// In the place of one that was deleted for good.
    pub(crate) fn of_purged() -> Self {
        ProjectName("Deleted".to_owned())
    }
}

/// A label: trimmed, 1 to 50 characters, without comma so that a list of them can be written in a query.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(String);

impl Tag {
    pub const MAX_CHARS: usize = 50;

    /// Violations are at `tag`.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        if text.contains(',') {
            return Err(Violation::new("tag", "no_comma", "A tag has no comma."));
        }
        single_line("tag", text, Self::MAX_CHARS).map(Tag)
    }
}

/// At most 20 tags in the order given; of tags that differ only in case the first stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Tags(Vec<Tag>);

impl Tags {
    pub const MAX: usize = 20;

    /// Violations are at `tags` or `tags[index]`.
    pub fn parse<S: AsRef<str>>(texts: &[S]) -> Result<Self, Violations> {
        let mut found = Vec::new();
        let mut tags: Vec<Tag> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for (index, text) in texts.iter().enumerate() {
            match Tag::parse(text.as_ref()) {
                Ok(tag) if seen.insert(tag.0.to_lowercase()) => tags.push(tag),
                Ok(_) => {}
                Err(violation) => found.push(violation.at(format!("tags[{index}]"))),
            }
        }
        if tags.len() > Self::MAX {
            let detail = format!("A task has at most {} tags, not {}.", Self::MAX, tags.len());
            found.push(Violation::new("tags", "too_many", detail));
        }
        Violations::check(found)?;
        Ok(Tags(tags))
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Tag> {
        self.0.iter()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Tags {
    type Item = &'a Tag;
    type IntoIter = std::slice::Iter<'a, Tag>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl TryFrom<Vec<String>> for Tags {
    type Error = Violations;

    fn try_from(texts: Vec<String>) -> Result<Self, Violations> {
        Tags::parse(&texts)
    }
}

macro_rules! text {
    ($($name:ident),+) => {$(
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Violation;

            fn try_from(text: String) -> Result<Self, Violation> {
                $name::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }
    )+};
}

text!(Title, Notes, Tag, CommentText, ProjectName);

fn single_line(field: &str, text: &str, max: usize) -> Result<String, Violation> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Violation::new(field, "required", format!("The {field} is empty.")));
    }
    // U+2028 and U+2029 break a line too, though Unicode does not count them as control characters.
    if let Some(found) = text.chars().find(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(control_character(field, found));
    }
    at_most(field, text, max)?;
    Ok(text.to_owned())
}

fn lines(field: &str, text: &str, max: usize) -> Result<String, Violation> {
    let text = text.replace("\r\n", "\n");
    // PostgreSQL's jsonb cannot hold NUL; the other control characters have no meaning in a text.
    if let Some(found) = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Err(control_character(field, found));
    }
    at_most(field, &text, max)?;
    Ok(text)
}

fn at_most(field: &str, text: &str, max: usize) -> Result<(), Violation> {
    let length = text.chars().count();
    if length <= max {
        return Ok(());
    }
    let detail = format!("The {field} has {length} characters, {max} are allowed.");
    Err(Violation::new(field, "max_length", detail))
}

fn control_character(field: &str, found: char) -> Violation {
    let detail = format!("The {field} holds the control character U+{:04X}.", u32::from(found));
    Violation::new(field, "control_character", detail)
}
