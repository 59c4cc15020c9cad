//! Lists, a page at a time.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Give it as `cursor` to get the next page; null on the last one.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Of a query that asked for one row more than `limit`, to learn whether there are more.
    pub fn of(mut rows: Vec<T>, limit: usize, cursor: impl FnOnce(&T) -> String) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = if more { rows.last().map(cursor) } else { None };
        Self { items: rows, next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_with_more_behind_it_has_a_cursor() {
        let page = |rows: &[u8]| Page::of(rows.to_vec(), 2, u8::to_string);
        assert_eq!(page(&[]).next_cursor, None);
        assert_eq!(page(&[1, 2]).next_cursor, None);
        assert_eq!(page(&[1, 2, 3]), Page { items: vec![1, 2], next_cursor: Some("2".into()) });
    }
}
