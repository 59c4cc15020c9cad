-- An instant as states hold it, RFC 3339 with its offset. The cast is immutable for such a text:
-- only without an offset would it depend on the session.
CREATE FUNCTION utc_instant(text) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN $1::timestamptz;

-- The states of the Task actors. Lists read the very rows that turns commit: the generated
-- columns are the state's own fields, so there is nothing to keep in step.
CREATE TABLE task (
    id      text   PRIMARY KEY,
    version bigint NOT NULL,
    state   jsonb  NOT NULL,
    owner   uuid   GENERATED ALWAYS AS ((state ->> 'owner')::uuid) STORED,
    done    boolean GENERATED ALWAYS AS (state -> 'lifecycle' ->> 'status' = 'done') STORED,
    deleted boolean GENERATED ALWAYS AS (coalesce(state ->> 'deleted_at', '') <> '') STORED,
    created_at timestamptz GENERATED ALWAYS AS (utc_instant(state ->> 'created_at')) STORED
) WITH (fillfactor = 80);
CREATE INDEX task_list ON task (owner, done, created_at DESC, id DESC) WHERE NOT deleted;

-- One row a firing: (reminder, generation). Moving or re-arming a reminder raises its generation,
-- so a row never comes back once it has fired or was cleared.
CREATE TABLE reminder (
    reminder_id uuid        NOT NULL,
    generation  integer     NOT NULL,
    task_id     uuid        NOT NULL,
    user_id     uuid        NOT NULL,
    title       text        NOT NULL,
    fires_at    timestamptz NOT NULL,
    status      text        NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'fired', 'cleared')),
    fired_at    timestamptz,
    late_ms     bigint,
    PRIMARY KEY (reminder_id, generation)
) WITH (fillfactor = 80);
CREATE INDEX reminder_clock ON reminder (user_id, fires_at) WHERE status = 'pending';
CREATE INDEX reminder_sweep ON reminder (fires_at) WHERE status = 'pending';
CREATE INDEX reminder_by_task ON reminder (task_id) WHERE status = 'pending';
