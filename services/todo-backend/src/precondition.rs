//! `If-Match` (RFC 9110 section 13.1.1): change the task only if it is still the version that was read.

use axum::extract::FromRequestParts;
use http::{HeaderValue, header, request::Parts};
use platform::Problem;

/// A version no task has.
const NEVER: i64 = -1;

/// Longer tags are none of ours, nor anybody's.
const LONGEST: usize = 80;

/// The version that is expected, if any is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IfMatch(pub(crate) Option<i64>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(header::IF_MATCH).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(Self(None)),
            (Some(value), None) => value.to_str().ok().and_then(Self::parse).ok_or_else(invalid),
            (Some(_), Some(_)) => Err(invalid()),
        }
    }
}

/// The entity tag of a version.
pub(crate) fn entity_tag(version: i64) -> HeaderValue {
    // A number in quotes is always a header value; an empty one would only leave the tag out.
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static(""))
}

impl IfMatch {
    /// The value of the header.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        if value == "*" {
            return Some(IfMatch(None));
        }
        let (weak, tag) = value.strip_prefix("W/").map_or((false, value), |tag| (true, tag));
        let tag = tag.strip_prefix('"')?.strip_suffix('"')?;
        if tag.contains('"') || tag.len() > LONGEST {
            return None;
        }
        // A weak tag never matches here, and one we never gave out matches nothing.
        let version =
            if weak { NEVER } else { tag.parse().ok().filter(|version| *version > 0).unwrap_or(NEVER) };
        Some(IfMatch(Some(version)))
    }
}

fn invalid() -> Problem {
    Problem::invalid("If-Match", "invalid_entity_tag", "One entity tag as in the ETag header, \"7\", or *.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_a_version_and_foreign_tags_match_nothing() {
        assert_eq!(IfMatch::parse("\"7\""), Some(IfMatch(Some(7))));
        assert_eq!(IfMatch::parse("*"), Some(IfMatch(None)));
        for foreign in ["W/\"7\"", "\"x\"", "\"\"", "\"-7\"", "\"99999999999999999999\""] {
            assert_eq!(IfMatch::parse(foreign), Some(IfMatch(Some(NEVER))), "{foreign}");
        }
        for broken in ["7", "\"7", "\"7\", \"8\"", ""] {
            assert_eq!(IfMatch::parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn the_tag_of_a_version_reads_back() {
        assert_eq!(IfMatch::parse(entity_tag(12).to_str().unwrap()), Some(IfMatch(Some(12))));
    }
}
