-- The private address under which a person's calendar is read: who knows it needs no token. Only its hash is kept.
CREATE TABLE calendar_feed (
    user_id    uuid        PRIMARY KEY REFERENCES app_user (id) ON DELETE CASCADE,
    token_hash bytea       NOT NULL UNIQUE,
    created_at timestamptz NOT NULL
);
