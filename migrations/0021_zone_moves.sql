-- Accounts whose zone was changed and whose tasks still have to follow: one row an account, gone when all have.
CREATE TABLE zone_move (
    user_id      uuid        PRIMARY KEY REFERENCES app_user ON DELETE CASCADE,
    -- The version of the account's zone to be followed.
    zone_version integer     NOT NULL,
    changed_at   timestamptz NOT NULL DEFAULT now(),
    -- The task that was looked at last.
    after        text        NOT NULL DEFAULT '',
    -- When somebody is to go on: also the end of the lease of whoever does.
    due_at       timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);
CREATE INDEX zone_move_due ON zone_move (due_at);
