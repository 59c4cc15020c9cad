//! Firing what is due, as one statement.

use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::reminder_schedule::{CheckReminders, RemindersChecked};
use serde::Deserialize;
use serde_json::{Value, json};
use virtual_actors::{Executed, Executes, Message, Reminder, ReminderChange, Statement, Timer};

use crate::{CLOCK, ReminderScheduleActor};

/// How many reminders one check fires; a user with more gets the rest in the next ones, at once.
const BATCH: u32 = 500;

/// Later instants than this are left to the Dapr reminder, which is set again closer to them.
/// Well within the time after which an idle activation, and its timer with it, is passivated.
const TIMER_HORIZON: Duration = Duration::from_secs(5 * 60);

/// Before a row that a task's commit holds is looked at again.
const HELD_PAUSE: Duration = Duration::from_millis(20);

/// "Now" is the database's. A row that a task's commit holds is skipped, so the statement never
/// waits and never deadlocks; if that commit leaves the row pending, it is what comes next.
/// The ids of the two events follow from the row, so they are the same however often they are sent.
/// User and time are compared as a pair, which one index alone serves: told apart, a plan that was made while nothing
/// was due looks for this user's among all that is due, of everybody.
const CHECK: &str = "
WITH due AS (
    SELECT reminder_id, generation FROM reminder
    WHERE (user_id, fires_at) BETWEEN ($1::uuid, '-infinity') AND ($1::uuid, now()) AND status = 'pending'
    ORDER BY user_id, fires_at
    LIMIT ($2::jsonb ->> 'batch')::integer
    FOR UPDATE SKIP LOCKED
), fired AS (
    UPDATE reminder AS r
    SET status = 'fired', fired_at = now(), late_ms = floor(extract(epoch FROM now() - r.fires_at) * 1000)::bigint
    FROM due
    WHERE r.reminder_id = due.reminder_id AND r.generation = due.generation AND r.status = 'pending'
      -- By the index, however many the planner expects.
      AND r.reminder_id = ANY (ARRAY(SELECT reminder_id FROM due))
    RETURNING r.*
), emitted AS (
    INSERT INTO actor_outbox (event_id, partition, version, destination, topic, key, body)
    SELECT id.event_id, $3::smallint, f.generation, 'topic', kind.topic, f.user_id::text,
        jsonb_build_object(
            'specversion', '1.0', 'id', id.event_id, 'type', kind.type,
            'source', '/actors/ReminderSchedule/' || $1::text, 'subject', f.task_id,
            'time', f.fired_at, 'datacontenttype', 'application/json',
            'dataschema', 'urn:almanac:reminder-due:1',
            'sequence', f.generation::text, 'partitionkey', f.user_id,
            'data', jsonb_build_object(
                'reminder_id', f.reminder_id, 'generation', f.generation, 'task_id', f.task_id,
                'user_id', f.user_id, 'title', f.title,
                'due_at', f.fires_at, 'fired_at', f.fired_at, 'late_ms', f.late_ms
            )
        )
    FROM fired AS f
    CROSS JOIN (VALUES ('reminders', 'reminder.due'), ('audit-logs', 'reminder.fired')) AS kind (topic, type)
    CROSS JOIN LATERAL (
        SELECT md5(concat_ws('/', f.reminder_id, f.generation, kind.type))::uuid AS event_id
    ) AS id
    ORDER BY f.fires_at, kind.topic
), upcoming AS (
    -- The first along the index: min() would read all that the user has, at each of their changes.
    SELECT (
        SELECT r.fires_at FROM reminder AS r
        WHERE (r.user_id, r.fires_at) BETWEEN ($1::uuid, '-infinity') AND ($1::uuid, 'infinity')
          AND r.status = 'pending'
          AND (r.reminder_id, r.generation) NOT IN (SELECT reminder_id, generation FROM due)
        ORDER BY r.user_id, r.fires_at LIMIT 1
    ) AS at
)
SELECT jsonb_build_object(
    'fired', (SELECT count(*) FROM fired),
    'next', upcoming.at,
    -- greatest() alone would make 0 of a null.
    'next_in_ms', CASE WHEN upcoming.at IS NOT NULL
        THEN greatest(0, ceil(extract(epoch FROM upcoming.at - clock_timestamp()) * 1000)) END
) FROM upcoming";

/// The row [`CHECK`] gives.
#[derive(Deserialize)]
struct Checked {
    fired: u32,
    next: Option<DateTime<Utc>>,
    next_in_ms: Option<f64>,
}

impl Executes<CheckReminders> for ReminderScheduleActor {
    fn statement(_: &CheckReminders) -> Statement {
        Statement { name: "check_reminders", sql: CHECK, args: json!({ "batch": BATCH }) }
    }

    fn executed(_: CheckReminders, row: Value) -> Result<Executed<RemindersChecked>, serde_json::Error> {
        let Checked { fired, next, next_in_ms } = serde_json::from_value(row)?;
        let reminder = match next {
            Some(due) => ReminderChange::Set(Reminder { name: CLOCK.to_owned(), due }),
            None => ReminderChange::Clear(CLOCK.to_owned()),
        };
        // From the database's clock, so that a wrong clock of this host neither delays nor hurries it.
        let timer = next_in_ms
            .map(|ms| {
                Duration::from_secs_f64(ms / 1000.0).max(if fired == 0 { HELD_PAUSE } else { Duration::ZERO })
            })
            .filter(|after| *after <= TIMER_HORIZON)
            .map(|after| Timer { after, method: CheckReminders::METHOD });
        Ok(Executed {
            reply: RemindersChecked { fired, next },
            reminders: vec![reminder],
            timer,
            emitted: fired > 0,
        })
    }
}
