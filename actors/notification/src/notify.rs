//! A firing becomes a notification and its deliveries.

use contracts::notification::{Channel, Notified, Notify};
use serde::Deserialize;
use serde_json::json;
use virtual_actors::{Executed, Executes, Statement};

use crate::{
    NotificationActor,
    ids::{delivery_id, notification_id, outcome_event_id},
    outcome_events,
};

/// All hangs on `shown`: it gives a row only the first time this firing is told.
const NOTIFY: &str = concat!(
    "WITH told AS (
        SELECT told.*, firing_is_current(task_id, $1::uuid, reminder_id, generation) AS current
        FROM jsonb_to_record($2 -> 'reminder') AS told (
            reminder_id uuid, generation integer, task_id uuid, title text,
            due_at timestamptz, fired_at timestamptz, late_ms bigint)
    ), shown AS (
        INSERT INTO notification (id, user_id, kind, task_id, reminder_id, generation, title,
                                  due_at, fired_at, late_ms, superseded)
        SELECT ($2 ->> 'notification_id')::uuid, $1::uuid, 'reminder', task_id, reminder_id, generation, title,
               due_at, fired_at, late_ms, NOT current
        FROM told
        ON CONFLICT DO NOTHING
        RETURNING *
    ), wanted AS (
        SELECT shown.id AS notification_id, channel, delivery_id, events,
               CASE WHEN superseded THEN 'superseded' WHEN channel = 'in_app' THEN 'delivered' ELSE 'pending'
               END AS status
        FROM shown, jsonb_to_recordset($2 -> 'deliveries') AS (channel text, delivery_id uuid, events jsonb)
    ), queued AS (
        INSERT INTO delivery (id, notification_id, channel, status, attempts, settled_at)
        SELECT delivery_id, notification_id, channel, status, (status = 'delivered')::integer,
               CASE WHEN status <> 'pending' THEN clock_timestamp() END
        FROM wanted
        ON CONFLICT DO NOTHING
        RETURNING id, status, attempts, settled_at
    ), settled AS (
        SELECT (events ->> queued.status)::uuid AS event_id, $3::smallint AS partition,
               queued.status, settled_at AS at, delivery_id, notification_id, reminder_id, generation,
               task_id, user_id, channel, attempts
        FROM queued JOIN wanted ON delivery_id = queued.id JOIN shown ON shown.id = notification_id
        WHERE settled_at IS NOT NULL
    ), ",
    outcome_events!(),
    "SELECT jsonb_build_object('emitted', EXISTS (SELECT FROM emitted))",
);

/// What [`NOTIFY`] returns.
#[derive(Deserialize)]
struct Row {
    emitted: bool,
}

impl Executes<Notify> for NotificationActor {
    fn statement(Notify { reminder }: &Notify) -> Statement {
        let deliveries = Channel::ALL.map(|channel| {
            let id = delivery_id(reminder.reminder_id, reminder.generation, channel);
            let event = |status| outcome_event_id(id, status);
            json!({
                "channel": channel,
                "delivery_id": id,
                "events": { "delivered": event("delivered"), "superseded": event("superseded") },
            })
        });
        let args = json!({
            "notification_id": notification_id(reminder.reminder_id, reminder.generation),
            "reminder": reminder,
            "deliveries": deliveries,
        });
        Statement { name: "notify", sql: NOTIFY, args }
    }

    fn executed(
        Notify { reminder }: Notify,
        row: serde_json::Value,
    ) -> Result<Executed<Notified>, serde_json::Error> {
        let Row { emitted } = serde_json::from_value(row)?;
        let reply = Notified { notification_id: notification_id(reminder.reminder_id, reminder.generation) };
        Ok(Executed { reply, reminders: Vec::new(), timer: None, emitted })
    }
}

#[cfg(test)]
mod tests;
