-- How often somebody failed to sign in lately, by what they tried and by where they came from. An attempt is counted
-- before it is judged, so that many at once are not one.
CREATE TABLE login_failures (
    -- SHA-256 of what is counted: an address that was typed, a client's address, or both.
    subject       bytea       PRIMARY KEY,
    failures      integer     NOT NULL,
    last_at       timestamptz NOT NULL,
    blocked_until timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX login_failures_last ON login_failures (last_at);

-- Where an account was signed in to before: what strangers try does not keep its owner out there.
CREATE TABLE login_known (
    subject bytea       PRIMARY KEY,
    user_id uuid        NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    last_at timestamptz NOT NULL
);
CREATE INDEX login_known_of ON login_known (user_id);

-- The second factor of an account (RFC 6238).
CREATE TABLE account_totp (
    user_id      uuid        PRIMARY KEY REFERENCES app_user (id) ON DELETE CASCADE,
    -- Sealed with a key that the database does not have.
    secret       bytea       NOT NULL,
    -- Null until a code showed that the person has the secret, too.
    confirmed_at timestamptz,
    -- The time step of the latest code that was used; no earlier one, nor this one, is taken again.
    last_step    bigint      NOT NULL DEFAULT 0
);

-- SHA-256 of codes for whoever lost the device; each is used once.
CREATE TABLE account_recovery_code (
    user_id uuid        NOT NULL REFERENCES account_totp (user_id) ON DELETE CASCADE,
    hash    bytea       NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (user_id, hash)
);

-- Who somebody is at an OpenID provider.
CREATE TABLE oidc_identity (
    issuer    text        NOT NULL,
    subject   text        NOT NULL,
    user_id   uuid        NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX oidc_identity_of ON oidc_identity (user_id);

-- A person is at a provider and comes back; once, within minutes, with the same browser.
CREATE TABLE oidc_login (
    -- SHA-256 of the state.
    state         bytea       PRIMARY KEY,
    provider      text        NOT NULL,
    -- SHA-256 of the cookie that the browser got.
    browser       bytea       NOT NULL,
    nonce         text        NOT NULL,
    code_verifier text        NOT NULL,
    time_zone     text        NOT NULL,
    expires_at    timestamptz NOT NULL
);
CREATE INDEX oidc_login_expired ON oidc_login (expires_at);
