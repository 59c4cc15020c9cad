//! What a change of a series commits, beside its state: entries of the ledger, and that it is over.

use chrono::NaiveDateTime;
use contracts::{
    events::{AUDIT_LOGS, SeriesOutcome},
    recurrence::Follows,
};
use domain::Due;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;
use virtual_actors::{Event, RowsSql, Turn, TurnContext};

use crate::{
    RecurrenceActor, Series,
    series::{Entry, Wanted},
};

/// Enters what is wanted. An entry keeps the next one's id and time whatever comes later; only the status goes
/// to and fro. When it turns, what a worker has in hand is waited for, so that making and withdrawing do not overlap.
pub(crate) const LEDGER_ROWS: RowsSql = RowsSql(
    ", wanted AS (
        SELECT row.* FROM guard, jsonb_to_recordset($8::jsonb) AS row (
            predecessor uuid, next_id uuid, occurrence timestamp, due jsonb, version bigint, status text)
    ), entered AS (
        INSERT INTO recurrence_ledger AS entry
            (series_id, predecessor, next_id, occurrence, due, version, status)
        SELECT $1::uuid, predecessor, next_id, occurrence, due, version, status FROM wanted
        ON CONFLICT (series_id, predecessor) DO UPDATE SET
            occurrence = coalesce(entry.occurrence, excluded.occurrence),
            due = coalesce(entry.due, excluded.due),
            version = excluded.version,
            status = CASE
                WHEN excluded.status = 'planned' AND entry.status IN ('withdraw', 'withdrawn', 'over') THEN 'planned'
                WHEN excluded.status <> 'planned' AND entry.status IN ('planned', 'created') THEN 'withdraw'
                ELSE entry.status
            END,
            failures = CASE WHEN excluded.status = entry.status THEN entry.failures ELSE 0 END,
            claimable_at = CASE
                WHEN excluded.status = entry.status THEN entry.claimable_at
                ELSE greatest(entry.busy_until, clock_timestamp())
            END
        WHERE entry.version <= excluded.version
    )",
);

#[derive(Serialize)]
struct LedgerRow {
    predecessor: Uuid,
    next_id: Uuid,
    occurrence: Option<NaiveDateTime>,
    due: Option<Due>,
    version: i64,
    status: &'static str,
}

impl From<&Entry> for LedgerRow {
    fn from(entry: &Entry) -> Self {
        let (status, occurrence, due) = match entry.wanted {
            Wanted::Planned { occurrence, due } => ("planned", Some(occurrence), Some(due)),
            Wanted::Withdraw { occurrence, due } => ("withdraw", Some(occurrence), Some(due)),
            Wanted::Over => ("over", None, None),
        };
        let Entry { predecessor, next_id, version, .. } = *entry;
        LedgerRow { predecessor, next_id, occurrence, due, version, status }
    }
}

/// The turn for a decision on a series, which changed it or not.
pub(crate) fn decided<R>(
    before: Option<&Series>,
    mut series: Series,
    entries: &[Entry],
    reply: R,
    turn: &TurnContext<'_>,
) -> Turn<RecurrenceActor, R> {
    series.settle();
    if before == Some(&series) && entries.is_empty() {
        return Turn::unchanged(reply);
    }
    let rows: Vec<LedgerRow> = entries.iter().map(LedgerRow::from).collect();
    let over = entries.iter().filter(|entry| entry.wanted == Wanted::Over);
    let events: Vec<Event> = over.filter_map(|entry| is_over(&series, entry, turn)).collect();
    Turn::changed(series, reply).events(events).rows(json!(rows)).into()
}

pub(crate) fn follows(series: &Series, task_id: Uuid) -> Follows {
    Follows { next: series.after(task_id) }
}

fn is_over(series: &Series, entry: &Entry, turn: &TurnContext<'_>) -> Option<Event> {
    let outcome = SeriesOutcome {
        series_id: turn.actor_id().parse().ok()?,
        task_id: entry.predecessor,
        user_id: series.owner().0,
        next_id: None,
        occurrence: None,
    };
    // Plain data: it always has a JSON form.
    Some(Event::new(AUDIT_LOGS, "recurrence.over", &outcome).ok()?.dataschema(SeriesOutcome::SCHEMA))
}
