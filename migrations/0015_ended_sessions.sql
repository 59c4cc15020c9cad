-- Sessions that were ended before their time: no token of theirs holds. Sessions themselves are in Dapr's state store.
CREATE TABLE ended_session (
    session_id uuid        PRIMARY KEY,
    -- No token of it can be left then.
    kept_until timestamptz NOT NULL
);
CREATE INDEX ended_session_kept_until ON ended_session (kept_until);
