//! The audit events of settled deliveries, written by whichever statement settles them.

/// SQL for a common table expression `emitted`, to follow one named `settled` in the same statement: it puts an
/// audit event for each settled delivery into the outbox, in the envelope the runtime gives to
/// actors' events. It is a macro, so that `concat!` can join it to a statement's text.
///
/// `settled` has the columns `event_id`, `partition` (the user's `Notification` actor's outbox share),
/// `status`, `at`, `delivery_id`, `notification_id`, `reminder_id`, `generation`, `task_id`, `user_id`,
/// `channel` and `attempts`.
#[macro_export]
macro_rules! outcome_events {
    () => {
        "emitted AS (
            INSERT INTO actor_outbox (event_id, partition, version, destination, topic, key, body)
            SELECT event_id, partition, generation, 'topic', 'audit-logs', user_id::text,
                jsonb_build_object(
                    'specversion', '1.0',
                    'id', event_id,
                    'source', '/actors/Notification/' || user_id,
                    'type', 'notification.' || status,
                    'subject', user_id,
                    'time', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),
                    'datacontenttype', 'application/json',
                    'dataschema', 'urn:almanac:delivery-outcome:1',
                    'sequence', generation::text,
                    'partitionkey', user_id,
                    'data', jsonb_build_object(
                        'delivery_id', delivery_id, 'notification_id', notification_id,
                        'reminder_id', reminder_id, 'generation', generation, 'task_id', task_id,
                        'user_id', user_id, 'channel', channel, 'attempts', attempts))
            FROM settled
            RETURNING 1
        )"
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn events_go_to_the_audit_topic_and_name_their_schema() {
        for text in [contracts::events::AUDIT_LOGS, contracts::events::DeliveryOutcome::SCHEMA] {
            assert!(outcome_events!().contains(&format!("'{text}'")), "{text}");
        }
    }
}
