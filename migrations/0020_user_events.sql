-- What a person's connected clients are told, in one order for each person (docs/adr/0026). Who writes takes the
-- person's head first and holds it until the commit: so nobody sees a number before those below it.
CREATE TABLE user_event_head (
    user_id uuid   PRIMARY KEY REFERENCES app_user ON DELETE CASCADE,
    last    bigint NOT NULL,
    -- The highest number that was removed; whoever has seen less has missed something.
    pruned  bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 80);

CREATE TABLE user_event (
    user_id  uuid        NOT NULL REFERENCES user_event_head ON DELETE CASCADE,
    seq      bigint      NOT NULL,
    -- The event this tells of: once for each person.
    event_id uuid        NOT NULL,
    kind     text        NOT NULL,
    data     jsonb       NOT NULL,
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, seq),
    UNIQUE (user_id, event_id)
);
CREATE INDEX user_event_age ON user_event (at);
