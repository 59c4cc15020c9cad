//! Request bodies become parsed domain values, and everything that is wrong is told at once.
//!
//! Values are read member by member into a [`Found`], which keeps what was wrong and where:
//!
//! ```ignore
//! let mut found = Found::default();
//! let Some(mut body) = found.object("", body) else { return found.finish(None) };
//! let email = found.required(&mut body, "email", Email::parse);
//! found.unknown_members(body, &[]);
//! found.finish(email)
//! ```

pub(crate) mod comment;
pub(crate) mod project;
pub(crate) mod recurrence;
pub(crate) mod task;

use domain::{Violation, Violations};
use serde_json::{Map, Value};

/// Enough to mend a body by; a hostile one could bring thousands.
const MOST: usize = 100;

/// What was found to be wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Found(Vec<Violation>);

/// A JSON object of which members are taken one by one; what is left in the end is unknown.
#[derive(Debug)]
pub(crate) struct Object {
    path: String,
    members: Map<String, Value>,
}

impl Object {
    /// The member, if it is there and not null.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    /// The member if it is there at all: `Some(None)` is null.
    pub(crate) fn take_nullable(&mut self, name: &str) -> Option<Option<Value>> {
        self.members.remove(name).map(|value| if value.is_null() { None } else { Some(value) })
    }

    /// The path of a member.
    pub(crate) fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

impl Found {
    pub(crate) fn report(&mut self, field: impl Into<String>, rule: &'static str, detail: impl Into<String>) {
        self.push(Violation::new(field, rule, detail));
    }

    pub(crate) fn push(&mut self, violation: Violation) {
        if self.0.len() < MOST {
            self.0.push(violation);
        }
    }

    /// The value if it parsed; else its violations are kept, where they say that they are.
    pub(crate) fn keep<T>(&mut self, parsed: Result<T, impl Into<Violations>>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(violations) => {
                violations.into().into_iter().for_each(|violation| self.push(violation));
                None
            }
        }
    }

    pub(crate) fn object(&mut self, path: impl Into<String>, value: Value) -> Option<Object> {
        match value {
            Value::Object(members) => Some(Object { path: path.into(), members }),
            other => {
                self.wrong_type(path, "an object", &other);
                None
            }
        }
    }

    pub(crate) fn list(&mut self, path: &str, value: Value) -> Option<Vec<Value>> {
        match value {
            Value::Array(items) => Some(items),
            other => {
                self.wrong_type(path, "a list", &other);
                None
            }
        }
    }

    pub(crate) fn text(&mut self, path: &str, value: Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text),
            other => {
                self.wrong_type(path, "a text", &other);
                None
            }
        }
    }

    /// A whole number from 0 to `most`.
    pub(crate) fn number(&mut self, path: &str, value: &Value, most: usize) -> Option<usize> {
        if !value.is_number() {
            self.wrong_type(path, "a number", value);
            return None;
        }
        let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
        let number = number.filter(|number| *number <= most);
        if number.is_none() {
            self.report(path, "out_of_range", format!("A whole number from 0 to {most}."));
        }
        number
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, path: &str, value: Value) -> Option<Vec<String>> {
        let items = self.list(path, value)?;
        let count = items.len();
        let texts: Vec<String> = items
            .into_iter()
            .enumerate()
            .filter_map(|(index, item)| self.text(&format!("{path}[{index}]"), item))
            .collect();
        // With one of them missing, the positions of the others would be told wrongly.
        (texts.len() == count).then_some(texts)
    }

    /// A text that has to parse; its violation is put at `path`.
    pub(crate) fn parsed<T>(
        &mut self,
        path: &str,
        value: Value,
        parse: impl FnOnce(&str) -> Result<T, Violation>,
    ) -> Option<T> {
        let text = self.text(path, value)?;
        self.keep(parse(&text).map_err(|violation| violation.at(path)))
    }

    /// A text that has to be there and to parse.
    pub(crate) fn required<T>(
        &mut self,
        object: &mut Object,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, Violation>,
    ) -> Option<T> {
        let path = object.at(name);
        match object.take(name) {
            Some(value) => self.parsed(&path, value, parse),
            None => {
                self.report(path, "required", "This is missing.");
                None
            }
        }
    }

    /// Reports the members that are left; those of `read_only` are known but not the caller's to set.
    pub(crate) fn unknown_members(&mut self, object: Object, read_only: &[&str]) {
        for name in object.members.keys() {
            let shown: String = name.chars().take(100).collect();
            if read_only.contains(&name.as_str()) {
                self.report(object.at(&shown), "read_only", "This cannot be set.");
            } else {
                self.report(object.at(&shown), "unknown_member", "There is no such member.");
            }
        }
    }

    /// The value, if nothing at all was wrong.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Violations> {
        Violations::check(self.0)?;
        // Whatever made it None reported why.
        value.ok_or_else(|| Violation::new("", "invalid", "The body is not valid.").into())
    }

    fn wrong_type(&mut self, path: impl Into<String>, wanted: &str, value: &Value) {
        let is = match value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.report(path, "invalid_type", format!("This must be {wanted}, not {is}."));
    }
}
