//! Committing what came of a claimed entry.

use std::time::Duration;

use contracts::{
    events::{AUDIT_LOGS, SeriesOutcome},
    recurrence::InstanceAnswer,
};
use recurrence_actor::RecurrenceActor;
use sqlx::PgPool;
use uuid::Uuid;
use virtual_actors::{Actor, partition_of};

use super::{
    backend::InstanceError,
    claim::{Claimed, Work, interval},
    retry::pause_after,
};

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The next instance is there.
    Created,
    /// It is not, or in the trash.
    Withdrawn,
    /// It was to be withdrawn, but somebody touched it.
    Kept,
    /// Try again after this time.
    Retry {
        error: String,
        after: Duration,
        /// Whether the attempt may still do something.
        unknown: bool,
    },
}

impl Outcome {
    pub(super) fn of(claimed: &Claimed, answer: Result<InstanceAnswer, InstanceError>) -> Self {
        let after = pause_after(claimed.failures.saturating_add(1));
        let retry = |error: String, unknown| Self::Retry { error, after, unknown };
        match (claimed.work, answer) {
            (Work::Make, Ok(InstanceAnswer::Created)) => Self::Created,
            (Work::Withdraw, Ok(InstanceAnswer::Withdrawn)) => Self::Withdrawn,
            (Work::Withdraw, Ok(InstanceAnswer::Kept)) => Self::Kept,
            (work, Ok(answer)) => retry(format!("{answer:?} is no answer to {work:?}"), false),
            (_, Err(InstanceError::Refused(error))) => retry(error, false),
            (_, Err(InstanceError::Unknown(error))) => retry(error, true),
        }
    }

    /// As the ledger's status says it, and as metrics do.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Withdrawn => "withdrawn",
            Self::Kept => "kept",
            Self::Retry { .. } => "retry",
        }
    }
}

/// Whether an outcome was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recorded {
    /// The entry is settled, and the audit event is in the outbox.
    Settled,
    /// It waits for its next attempt.
    Waiting,
    /// Another worker had taken the entry over, or the series wants the opposite by now.
    Lost,
}

/// When the series turned in the meantime, the entry is free for that at once.
const SETTLE: &str = "
    WITH settled AS (
        UPDATE recurrence_ledger
        SET status = CASE WHEN status = $4 THEN $5 ELSE status END,
            claimable_at = CASE WHEN status = $4 THEN claimable_at ELSE clock_timestamp() END,
            busy_until = NULL, failures = 0, last_error = NULL
        WHERE series_id = $1 AND predecessor = $2 AND attempts = $3 AND busy_until IS NOT NULL
        RETURNING *, clock_timestamp() AS at
    ), emitted AS (
        INSERT INTO actor_outbox (event_id, partition, version, destination, topic, key, body)
        SELECT $6, $7, settled.version, 'topic', $8, series_id::text,
            jsonb_build_object(
                'specversion', '1.0',
                'id', $6,
                'source', '/actors/Recurrence/' || series_id,
                'type', 'recurrence.instance_' || status,
                'subject', series_id,
                'time', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),
                'datacontenttype', 'application/json',
                'dataschema', $9::text,
                'sequence', settled.version::text,
                'partitionkey', series_id,
                'data', jsonb_build_object(
                    'series_id', series_id, 'task_id', predecessor, 'user_id', state ->> 'owner',
                    'next_id', next_id, 'occurrence', to_char(occurrence, 'YYYY-MM-DD\"T\"HH24:MI:SS')))
        FROM settled JOIN recurrence ON recurrence.id = series_id::text
        WHERE status = $5
    )
    SELECT status = $5 FROM settled";

const POSTPONE: &str = "
    UPDATE recurrence_ledger
    SET claimable_at = CASE WHEN status = $4 THEN now() + $5 WHEN $6 THEN claimable_at ELSE now() END,
        busy_until = CASE WHEN $6 THEN busy_until END,
        failures = failures + (status = $4)::integer, last_error = $7
    WHERE series_id = $1 AND predecessor = $2 AND attempts = $3 AND busy_until IS NOT NULL
    RETURNING status = $4";

/// Commits `outcome`, a final one together with its audit event. May be called again after an error.
pub(super) async fn record(
    pool: &PgPool,
    claimed: &Claimed,
    outcome: &Outcome,
) -> Result<Recorded, sqlx::Error> {
    let Claimed { series_id, predecessor, attempts, work, .. } = claimed;
    if let Outcome::Retry { error, after, unknown } = outcome {
        let waiting: Option<bool> = sqlx::query_scalar(POSTPONE)
            .bind(series_id)
            .bind(predecessor)
            .bind(attempts)
            .bind(work.status())
            .bind(interval(*after))
            .bind(unknown)
            .bind(error)
            .fetch_optional(pool)
            .await?;
        return Ok(if waiting == Some(true) { Recorded::Waiting } else { Recorded::Lost });
    }
    let settled: Option<bool> = sqlx::query_scalar(SETTLE)
        .bind(series_id)
        .bind(predecessor)
        .bind(attempts)
        .bind(work.status())
        .bind(outcome.name())
        .bind(outcome_event_id(claimed, outcome))
        .bind(partition_of(RecurrenceActor::TYPE, &series_id.to_string()))
        .bind(AUDIT_LOGS)
        .bind(SeriesOutcome::SCHEMA)
        .fetch_optional(pool)
        .await?;
    Ok(if settled == Some(true) { Recorded::Settled } else { Recorded::Lost })
}

fn outcome_event_id(Claimed { series_id, predecessor, attempts, .. }: &Claimed, outcome: &Outcome) -> Uuid {
    Uuid::new_v5(series_id, format!("{predecessor}/{attempts}/{}", outcome.name()).as_bytes())
}
