-- Tokens for programs, by the hash of their secret.
CREATE TABLE api_token (
    id           uuid        PRIMARY KEY,
    user_id      uuid        NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    name         text        NOT NULL,
    scopes       text[]      NOT NULL,
    hash         bytea       NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    -- To within ten minutes.
    last_used_at timestamptz,
    -- Together with the key of this name it gives the secret, should the answer that told it be lost.
    kid          text        NOT NULL,
    seed         bytea       NOT NULL
);
CREATE UNIQUE INDEX api_token_hash ON api_token (hash);
CREATE INDEX api_token_user ON api_token (user_id);
