-- The states of the Recurrence actors: one a series.
CREATE TABLE recurrence (
    id      text   PRIMARY KEY,
    version bigint NOT NULL,
    state   jsonb  NOT NULL,
    -- When the open instance is missed, if the series keeps each; in the state as seconds since 1970.
    next_at timestamptz GENERATED ALWAYS AS (to_timestamp((state ->> 'next_at')::double precision)) STORED
) WITH (fillfactor = 80);
CREATE INDEX recurrence_missed ON recurrence (next_at) WHERE next_at IS NOT NULL;

-- Which instance follows which, written in the actor's commit before anything is made. The key and the ids
-- make it one successor for each predecessor, whatever is repeated.
CREATE TABLE recurrence_ledger (
    series_id    uuid        NOT NULL,
    predecessor  uuid        NOT NULL,
    next_id      uuid        NOT NULL UNIQUE,
    -- The time the rule names; null while the series is over.
    occurrence   timestamp,
    due          jsonb       CHECK ((due IS NULL) = (occurrence IS NULL)),
    -- The predecessor's version that decided.
    version      bigint      NOT NULL,
    -- `planned` and `withdraw` are work; the others are what came of it.
    status       text        NOT NULL
                 CHECK (status IN ('planned', 'created', 'withdraw', 'withdrawn', 'kept', 'over')),
    -- Every claim counts, so it tells the holder of a lease from the one that took over.
    attempts     integer     NOT NULL DEFAULT 0,
    -- Failed attempts in a row.
    failures     integer     NOT NULL DEFAULT 0,
    -- When a worker may take it; the end of the lease while one has it.
    claimable_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Until then an attempt whose outcome nobody knows may still do something. It may be repeated meanwhile,
    -- but not the opposite be done.
    busy_until   timestamptz,
    last_error   text,
    PRIMARY KEY (series_id, predecessor),
    CHECK (status IN ('over', 'withdrawn') OR occurrence IS NOT NULL)
) WITH (fillfactor = 80);
CREATE INDEX recurrence_work ON recurrence_ledger (claimable_at) WHERE status IN ('planned', 'withdraw');
