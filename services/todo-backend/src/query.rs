//! Query parameters of lists: each is known and given once, several values of one with commas between, and all that
//! is wrong is told at once.

use axum::extract::FromRequestParts;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{Violation, Violations};
use http::{Uri, request::Parts};
use platform::Problem;
use sha2::{Digest, Sha256};

use crate::cursor::Cursor;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 200;
/// Longer than any cursor there is.
const MAX_CURSOR: usize = 1000;

/// What was given, and what is wrong with it so far.
pub(crate) struct Query {
    given: Vec<(String, String)>,
    found: Vec<Violation>,
    place: Place,
}

/// A list, whichever page of it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// As it was asked for, without `cursor`.
    target: String,
    /// All that says which list it is.
    given: Vec<(String, String)>,
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::read(&parts.uri)
    }
}

impl Query {
    /// Parameters from elsewhere than a URL.
    pub(crate) fn of(given: impl IntoIterator<Item = (String, String)>) -> Self {
        let place = Place { target: String::new(), given: Vec::new() };
        Self { given: given.into_iter().collect(), found: Vec::new(), place }
    }

    pub(crate) fn read(uri: &Uri) -> Result<Self, Problem> {
        let given = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri);
        let given = given.map_err(|error| Problem::invalid("query", "invalid_query", error.body_text()))?.0;
        let place = Place::new(uri, &given);
        Ok(Self { given, found: Vec::new(), place })
    }

    /// Of parameters as they stand in a URI, but characters that have to be escaped there may not be.
    pub(crate) fn parse(text: &str) -> Result<Self, Violation> {
        let escaped: String = text
            .bytes()
            .map(|byte| {
                if byte.is_ascii_graphic() && byte != b'#' {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect();
        let invalid =
            || Violation::new("", "invalid_query", "This is not how parameters are written in a URI.");
        let uri = format!("/?{escaped}").parse().map_err(|_| invalid())?;
        Self::read(&uri).map_err(|_| invalid())
    }

    /// Adds what another query says and this one does not.
    pub(crate) fn fill(&mut self, other: Self) {
        for (name, value) in other.given {
            if !self.given.iter().any(|(given, _)| *given == name) {
                self.place.given.push((name.clone(), value.clone()));
                self.given.push((name, value));
            }
        }
    }

    /// Adds a finding.
    pub(crate) fn report(&mut self, violation: Violation) {
        self.found.push(violation);
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

    /// Where the page before ended, in a list with another order.
    pub(crate) fn parsed_cursor<T>(&mut self, decode: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.take("cursor")?;
        let cursor = decode(&text);
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

    /// A text that has to parse.
    pub(crate) fn parsed<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, Violation>,
    ) -> Option<T> {
        let text = self.take(name)?;
        parse(&text).map_err(|violation| self.found.push(violation.at(name))).ok()
    }

    /// Values with commas between, each of which has to parse.
    pub(crate) fn several<T>(
        &mut self,
        name: &str,
        most: usize,
        parse: impl Fn(&str) -> Result<T, Violation>,
    ) -> Vec<T> {
        let Some(text) = self.take(name) else { return Vec::new() };
        let parts: Vec<&str> = text.split(',').collect();
        if parts.len() > most {
            self.found.push(Violation::new(
                name,
                "too_many",
                format!("At most {most}, with commas between."),
            ));
            return Vec::new();
        }
        let parsed = parts
            .into_iter()
            .filter_map(|part| parse(part).map_err(|violation| self.found.push(violation.at(name))).ok());
        parsed.collect()
    }

    /// Which list is asked for.
    pub(crate) fn place(&self) -> Place {
        self.place.clone()
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

impl Place {
    fn new(uri: &Uri, given: &[(String, String)]) -> Self {
        let is_cursor = |part: &&str| part.split('=').next() == Some("cursor");
        let query: Vec<&str> =
            uri.query().unwrap_or_default().split('&').filter(|part| !is_cursor(part)).collect();
        let query = query.join("&");
        let target = if query.is_empty() { uri.path().to_owned() } else { format!("{}?{query}", uri.path()) };
        let says_which = |(name, _): &&(String, String)| !["cursor", "limit"].contains(&name.as_str());
        Self { target, given: given.iter().filter(says_which).cloned().collect() }
    }

    /// The same for all pages of a list, whatever the order of its parameters.
    pub(crate) fn name(&self) -> String {
        let mut given = self.given.clone();
        given.sort();
        let path = self.target.split('?').next().unwrap_or_default();
        let digest = Sha256::digest(serde_json::json!([path, given]).to_string());
        URL_SAFE_NO_PAD.encode(&digest[..9])
    }

    /// A `Link` header's value (RFC 8288).
    pub(crate) fn links(&self, next_cursor: Option<&str>) -> String {
        // What would end the reference early is not in a valid one, but may be in a request.
        let target = self.target.replace('<', "%3C").replace('>', "%3E");
        let first = format!("<{target}>; rel=\"first\"");
        let Some(cursor) = next_cursor else { return first };
        let joint = if target.contains('?') { '&' } else { '?' };
        format!("<{target}{joint}cursor={cursor}>; rel=\"next\", {first}")
    }
}

pub(crate) fn invalid_cursor() -> Violation {
    Violation::new("cursor", "invalid_cursor", "Not a cursor that this list gave out.")
}
