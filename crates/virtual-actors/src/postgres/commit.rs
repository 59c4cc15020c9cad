//! The text of the statements that commit a turn.
//!
//! Parameters: `$1` actor id, `$2` the version decided on, `$3` actor type, `$4` command id or null,
//! `$5` its fingerprint, `$6` its outcome; for a change also `$7` the new state, `$8` the actor's
//! rows, `$9` the outbox entries; then how many seconds the answer is kept, and what the client asked.

use std::sync::Arc;

use crate::store::Kind;

/// The statements of one actor type.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) load: Arc<str>,
    pub(super) version: Arc<str>,
    /// Commits the first state.
    pub(super) insert: Arc<str>,
    /// Commits a further state.
    pub(super) update: Arc<str>,
    /// Commits an answer that changes nothing.
    pub(super) hold: Arc<str>,
}

/// The answer given before, as this statement's snapshot sees it. One that was given after the
/// snapshot meets the primary key of `actor_command` and undoes the whole statement.
const ANSWERED: &str = "answered AS (
    SELECT fingerprint, asked, outcome FROM actor_command
    WHERE actor_type = $3 AND actor_id = $1 AND command_id = $4::uuid
)";

fn remember(keep: &str, asked: &str) -> String {
    format!(
        "remembered AS (
            INSERT INTO actor_command (actor_type, actor_id, command_id, fingerprint, asked, outcome, kept_until)
            SELECT $3, $1, $4::uuid, $5::bytea, {asked}::uuid, $6::jsonb, now() + {keep}::float8 * interval '1 s'
            FROM guard WHERE $4::uuid IS NOT NULL
        )"
    )
}

const EMIT: &str = "emitted AS (
    INSERT INTO actor_outbox (
        event_id, partition, version, destination, topic, key, actor_type, actor_id, method, body, not_before
    )
    SELECT e.event_id, e.partition, e.version, e.destination, e.topic, e.key, e.actor_type, e.actor_id, e.method,
        coalesce(e.body, 'null'::jsonb),
        CASE e.destination WHEN 'actor' THEN clock_timestamp() + interval '1 s' ELSE '-infinity' END
    FROM guard, ROWS FROM (jsonb_to_recordset($9::jsonb) AS (
        event_id uuid, partition smallint, version bigint, destination text, topic text, key text,
        actor_type text, actor_id text, method text, body jsonb
    )) WITH ORDINALITY AS e (
        event_id, partition, version, destination, topic, key, actor_type, actor_id, method, body, position
    )
    ORDER BY e.position
    RETURNING seq
)";

const RESULT: &str = "FROM (SELECT) AS one LEFT JOIN answered ON true";
const COMMITTED: &str =
    "SELECT (SELECT version FROM guard) AS version, answered.fingerprint, answered.asked, answered.outcome";

impl Statements {
    pub(super) fn new(kind: &Kind) -> Self {
        let Kind { table, rows_sql, rule_sql, .. } = kind;
        let rows = if rows_sql.is_empty() { ", no_rows AS (SELECT $8::jsonb)" } else { rows_sql };
        // In the list of the outermost SELECT it is evaluated for certain.
        let rule = if rule_sql.is_empty() { "NULL" } else { rule_sql };
        let change = |guard: &str| {
            let remember = remember("$10", "$11");
            format!(
                "WITH {ANSWERED}, {guard}, {remember}, {EMIT} {rows}
                 {COMMITTED}, ARRAY (SELECT seq FROM emitted ORDER BY seq) AS seqs,
                     (SELECT {rule} FROM guard) AS rule {RESULT}"
            )
            .into()
        };
        Self {
            load: format!(
                "SELECT s.version, s.state, c.fingerprint, c.asked, c.outcome
                 FROM (SELECT) AS one
                 LEFT JOIN {table} AS s ON s.id = $1
                 LEFT JOIN actor_command AS c
                     ON c.actor_type = $2 AND c.actor_id = $1 AND c.command_id = $3::uuid"
            )
            .into(),
            version: format!("SELECT version FROM {table} WHERE id = $1").into(),
            insert: change(&format!(
                "guard AS (
                    INSERT INTO {table} (id, version, state)
                    SELECT $1, $2 + 1, $7::jsonb WHERE NOT EXISTS (SELECT FROM answered)
                    RETURNING version
                )"
            )),
            update: change(&format!(
                "guard AS (
                    UPDATE {table} SET version = version + 1, state = $7::jsonb
                    WHERE id = $1 AND version = $2::bigint AND NOT EXISTS (SELECT FROM answered)
                    RETURNING version
                )"
            )),
            // The row is locked, so that two owners' answers to one command fall one after the other.
            hold: format!(
                "WITH {ANSWERED}, held AS (
                    SELECT version FROM {table} WHERE id = $1 AND version = $2::bigint FOR UPDATE
                ), guard AS (
                    SELECT $2::bigint AS version
                    WHERE NOT EXISTS (SELECT FROM answered)
                      AND (EXISTS (SELECT FROM held)
                           OR ($2::bigint = 0 AND NOT EXISTS (SELECT FROM {table} WHERE id = $1)))
                ), {remember} {COMMITTED}, ARRAY[]::bigint[] AS seqs {RESULT}",
                remember = remember("$7", "$8")
            )
            .into(),
        }
    }
}
