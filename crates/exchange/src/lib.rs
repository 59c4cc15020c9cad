//! Tasks as files: iCalendar (RFC 5545), Todoist's CSV, and our own JSON, out and in. Pure: no IO, no clock.
//!
//! Each format has a module that writes tasks and one that reads a file into [`Item`]s. An item holds the body of a
//! `POST /tasks`, so that an imported task is held to the rules of any other, and beside it what could not be
//! taken, by line.
//!
//! ```
//! # fn main() -> Result<(), exchange::Unreadable> {
//! let file = "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:1\r\nSUMMARY:Water the plants\r\nEND:VTODO\r\nEND:VCALENDAR\r\n";
//! let items = exchange::ical::read(file, domain::UserZone::new(domain::Zone::UTC, 1))?;
//! assert_eq!(items[0].body["title"], "Water the plants");
//! # Ok(())
//! # }
//! ```

pub mod ical;
pub mod own;
pub mod todoist;

use std::cmp::Ordering;

use serde_json::{Map, Value};

/// The most tasks that one file may bring.
pub const MAX_ITEMS: usize = 5_000;

/// More of one task is not told as ignored, so that an answer stays about as long as its file.
const MAX_IGNORED: usize = 50;

/// A task as a file describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Where it begins in the file, counted from 1; of JSON not known.
    pub line: Option<usize>,
    /// Names it within the file, and again in the next file from the same source.
    pub uid: String,
    /// The body of `POST /tasks`, without `parent_id` and `blocked_by`.
    pub body: Map<String, Value>,
    /// UIDs of other tasks, in this file or before.
    pub parent: Option<String>,
    pub blocked_by: Vec<String>,
    pub done: bool,
    pub ignored: Vec<Ignored>,
}

/// Something that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    pub line: Option<usize>,
    /// The property, column or member.
    pub what: String,
    pub rule: &'static str,
    pub detail: String,
}

/// A file of which nothing can be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Unreadable {
    pub rule: &'static str,
    pub detail: String,
}

impl Unreadable {
    fn new(rule: &'static str, detail: impl Into<String>) -> Self {
        Unreadable { rule, detail: detail.into() }
    }

    fn too_many() -> Self {
        Self::new("too_many", format!("At most {MAX_ITEMS} tasks at once; split the file."))
    }
}

impl Item {
    fn new(line: Option<usize>, uid: String) -> Self {
        Item {
            line,
            uid,
            body: Map::new(),
            parent: None,
            blocked_by: Vec::new(),
            done: false,
            ignored: Vec::new(),
        }
    }

    fn set(&mut self, member: &str, value: impl Into<Value>) {
        self.body.insert(member.to_owned(), value.into());
    }

    pub fn ignore(
        &mut self,
        line: Option<usize>,
        what: impl Into<String>,
        rule: &'static str,
        detail: impl Into<String>,
    ) {
        match self.ignored.len().cmp(&MAX_IGNORED) {
            Ordering::Less => {
                self.ignored.push(Ignored { line, what: what.into(), rule, detail: detail.into() });
            }
            Ordering::Equal => {
                let detail = "There is more of this task that was not taken.".to_owned();
                self.ignored.push(Ignored { line, what: what.into(), rule: "and_more", detail });
            }
            Ordering::Greater => {}
        }
    }

    /// A title is one line, and there is one.
    fn set_title(&mut self, text: &str) {
        let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        let line: String = text.chars().map(|c| if breaks(c) { ' ' } else { c }).collect();
        let line = line.trim();
        self.set("title", if line.is_empty() { "Untitled" } else { line });
    }
}
