//! Where a page ends: the time and the id of its last item.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The sort key of a list that is ordered by time, then by id, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) at: DateTime<Utc>,
    pub(crate) id: Uuid,
}

impl Cursor {
    /// Opaque to clients.
    pub(crate) fn encode(self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{} {}", self.at.to_rfc3339(), self.id))
    }

    pub(crate) fn decode(text: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (at, id) = text.split_once(' ')?;
        let cursor = Self { at: at.parse().ok()?, id: id.parse().ok()? };
        // Other years do not fit the database.
        (1..=9999).contains(&chrono::Datelike::year(&cursor.at)).then_some(cursor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back(seconds in 0_i64..4_000_000_000, nanos in 0_u32..1_000_000_000, id: u128) {
            let cursor = Cursor { at: DateTime::from_timestamp(seconds, nanos).unwrap(), id: Uuid::from_u128(id) };
            prop_assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        }

        #[test]
        fn nonsense_is_no_cursor(text in "\\PC{0,80}") {
            prop_assert_eq!(Cursor::decode(&text), None);
        }
    }

    #[test]
    fn a_year_no_task_has_is_no_cursor() {
        let forged = URL_SAFE_NO_PAD.encode("+262000-01-01T00:00:00Z 00000000-0000-0000-0000-000000000000");
        assert_eq!(Cursor::decode(&forged), None);
    }
}
