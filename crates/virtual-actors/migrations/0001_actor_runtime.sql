-- What the actor host keeps beside the states themselves.

-- Answers to commands, so that a repeated command gets its first answer.
CREATE TABLE actor_command (
    actor_type text        NOT NULL,
    actor_id   text        NOT NULL,
    command_id uuid        NOT NULL,
    fingerprint bytea      NOT NULL,
    outcome    jsonb       NOT NULL,
    kept_until timestamptz NOT NULL,
    CONSTRAINT actor_command_once PRIMARY KEY (actor_type, actor_id, command_id)
);
CREATE INDEX actor_command_age ON actor_command (kept_until);

-- Events and messages that were committed and not yet accepted where they go.
CREATE TABLE actor_outbox (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id    uuid        NOT NULL,
    partition   smallint    NOT NULL,
    version     bigint      NOT NULL,
    destination text        NOT NULL CHECK (destination IN ('topic', 'actor')),
    topic       text        CHECK ((topic IS NOT NULL) = (destination = 'topic')),
    key         text,
    actor_type  text        CHECK ((actor_type IS NOT NULL) = (destination = 'actor')),
    actor_id    text,
    method      text,
    body        jsonb       NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    not_before  timestamptz NOT NULL DEFAULT '-infinity',
    attempts    integer     NOT NULL DEFAULT 0
);
-- One for each way out: what waits for a broker must not be in the way of messages to actors.
CREATE INDEX actor_outbox_topics ON actor_outbox (seq) WHERE destination = 'topic';
CREATE INDEX actor_outbox_actors ON actor_outbox (seq) WHERE destination = 'actor';

-- Who relays which share of the outbox, until when.
CREATE TABLE actor_outbox_share (
    partition   smallint PRIMARY KEY,
    relay       uuid,
    leased_until timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO actor_outbox_share (partition) SELECT generate_series(0, 15);

-- The relays that are alive, so that each takes its fair share.
CREATE TABLE actor_relay (
    relay      uuid PRIMARY KEY,
    seen_until timestamptz NOT NULL
);
