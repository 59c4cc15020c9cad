//! A person's events as they are stored.

use std::{fmt, str::FromStr};

use domain::UserId;
use serde_json::value::RawValue;
use sqlx::{FromRow, PgPool, types::Json};

/// Rows read at once.
pub(super) const PAGE: usize = 128;

/// The place of an event in a person's order. Numbers are given out again after a restore, in another epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventId {
    pub(crate) epoch: i64,
    pub(crate) seq: i64,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.seq)
    }
}

impl FromStr for EventId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (epoch, seq) = text.split_once('-').ok_or(())?;
        let number = |text: &str| text.parse().ok().filter(|number: &i64| *number >= 0).ok_or(());
        Ok(Self { epoch: number(epoch)?, seq: number(seq)? })
    }
}

/// Where a client stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// It has seen nothing and begins with what comes next.
    Now,
    /// It has seen everything up to this.
    After(EventId),
}

#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) seq: i64,
    pub(super) kind: String,
    pub(super) data: Box<RawValue>,
}

/// What followed a number, as of one moment.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) after: i64,
    /// The newest event at that moment, on this page or not.
    pub(super) head: EventId,
    /// The highest number that was removed.
    pub(super) pruned: i64,
    pub(super) rows: Vec<Row>,
    /// The account was deleted: nothing follows.
    pub(super) is_last: bool,
}

impl Page {
    pub(super) fn is_full(&self) -> bool {
        self.rows.len() == PAGE
    }

    /// Whether whoever stands there has missed something, or stands in a future that a restore took back.
    pub(super) fn has_lost(&self, seen: EventId) -> bool {
        seen.epoch != self.head.epoch || seen.seq < self.pruned || seen.seq > self.head.seq
    }
}

#[derive(FromRow)]
struct Read {
    epoch: i64,
    last: i64,
    pruned: i64,
    is_last: bool,
    seq: Option<i64>,
    kind: Option<String>,
    data: Option<Json<Box<RawValue>>>,
}

/// One statement, so one moment.
pub(super) async fn read(pool: &PgPool, user: UserId, after: i64) -> Result<Page, sqlx::Error> {
    let read: Vec<Read> = sqlx::query_as(
        "SELECT epoch.epoch, coalesce(head.last, 0) AS last, coalesce(head.pruned, 0) AS pruned,
                EXISTS (SELECT FROM app_user WHERE id = $1 AND deleted_at IS NOT NULL) AS is_last,
                event.seq, event.kind, event.data
         FROM (SELECT max(epoch) AS epoch FROM actor_epoch) AS epoch
         LEFT JOIN user_event_head AS head ON head.user_id = $1
         LEFT JOIN LATERAL (
             SELECT seq, kind, data FROM user_event WHERE user_id = $1 AND seq > $2 ORDER BY seq LIMIT $3
         ) AS event ON true
         ORDER BY event.seq",
    )
    .bind(user.0)
    .bind(after)
    .bind(PAGE as i64)
    .fetch_all(pool)
    .await?;
    let first = read.first().ok_or(sqlx::Error::RowNotFound)?;
    let head = EventId { epoch: first.epoch, seq: first.last };
    let (pruned, is_last) = (first.pruned, first.is_last);
    let rows =
        read.into_iter().filter_map(|row| Some(Row { seq: row.seq?, kind: row.kind?, data: row.data?.0 }));
    Ok(Page { after, head, pruned, rows: rows.collect(), is_last })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_others_are_refused() {
        let id = EventId { epoch: 1_790_000_000, seq: 42 };
        assert_eq!(id.to_string().parse(), Ok(id));
        for broken in ["", "42", "-42", "0--1", "a-1", "0-1-2", "0-99999999999999999999"] {
            assert_eq!(broken.parse::<EventId>(), Err(()), "{broken}");
        }
    }

    #[test]
    fn who_is_behind_what_was_removed_or_in_another_epoch_has_lost() {
        let head = EventId { epoch: 7, seq: 50 };
        let page = Page { after: 0, head, pruned: 20, rows: Vec::new(), is_last: false };
        for (epoch, seq, lost) in
            [(7, 20, false), (7, 50, false), (7, 19, true), (7, 51, true), (0, 30, true), (8, 30, true)]
        {
            assert_eq!(page.has_lost(EventId { epoch, seq }), lost, "{epoch}-{seq}");
        }
    }
}
