-- The in-app inbox.
CREATE TABLE notification (
    id          uuid        PRIMARY KEY,
    user_id     uuid        NOT NULL,
    kind        text        NOT NULL,
    task_id     uuid        NOT NULL,
    reminder_id uuid        NOT NULL,
    generation  integer     NOT NULL,
    title       text        NOT NULL,
    due_at      timestamptz NOT NULL,
    fired_at    timestamptz NOT NULL,
    late_ms     bigint      NOT NULL,
    -- Set when the task was done, deleted or moved before the reminder could be shown.
    superseded  boolean     NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (reminder_id, generation)
);
CREATE INDEX notification_inbox_order ON notification (user_id, fired_at DESC, id DESC);

-- One delivery for each (reminder, generation, channel).
CREATE TABLE delivery (
    id              uuid        PRIMARY KEY,
    notification_id uuid        NOT NULL REFERENCES notification (id),
    channel         text        NOT NULL,
    -- `sending` whose lease ran out is an unknown outcome: it is sent again under the same Message-ID.
    status          text        NOT NULL DEFAULT 'pending'
                    CHECK (status IN ('pending', 'sending', 'delivered', 'superseded', 'failed')),
    -- Counted before sending, so it also tells the holder of a lease from the one that took over.
    attempts        integer     NOT NULL DEFAULT 0,
    -- When a worker may take it: `pending`, the next attempt; `sending`, the end of the lease.
    claimable_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_error      text,
    settled_at      timestamptz CHECK ((settled_at IS NOT NULL) = (status IN ('delivered', 'superseded', 'failed'))),
    UNIQUE (notification_id, channel)
) WITH (fillfactor = 80);
CREATE INDEX delivery_work ON delivery (channel, claimable_at) WHERE status IN ('pending', 'sending');

-- Whether a firing is still worth telling: its task is open and has this reminder in this generation.
-- Asked of the task's state, because a reminder that was removed, or lost its time, has no newer row.
CREATE FUNCTION firing_is_current(of_task uuid, of_user uuid, of_reminder uuid, of_generation integer)
RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT EXISTS (
        SELECT FROM task
        WHERE id = of_task::text AND owner = of_user AND NOT done AND NOT deleted
          AND state -> 'reminders' @>
              jsonb_build_array(jsonb_build_object('id', of_reminder, 'generation', of_generation))
    )
$$;
