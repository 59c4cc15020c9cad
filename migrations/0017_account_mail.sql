-- Null until its owner followed a link that was mailed there.
ALTER TABLE app_user ADD COLUMN email_verified_at timestamptz;

-- A mail about an account. The row is the intent, committed with what it is about; notification-service's worker
-- sends it. What it asks for by a link is used once, here.
CREATE TABLE account_mail (
    id           uuid        PRIMARY KEY,
    kind         text        NOT NULL CHECK (kind IN
                 ('verify-email', 'change-email', 'reset-password', 'password-changed', 'email-changed')),
    -- Null: to whoever has the address, if anybody does. So asking for it is the same work either way.
    user_id      uuid        REFERENCES app_user (id) ON DELETE CASCADE,
    -- Where it goes, in lower case.
    email        text        NOT NULL,
    created_at   timestamptz NOT NULL,
    -- Until when its link holds and it is worth sending.
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz,
    -- The idempotency key it was used under, to tell a retry from a second use.
    used_key     text,
    -- As in `delivery`.
    status       text        NOT NULL DEFAULT 'pending'
                 CHECK (status IN ('pending', 'sending', 'delivered', 'superseded', 'failed')),
    attempts     integer     NOT NULL DEFAULT 0,
    claimable_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_error   text,
    settled_at   timestamptz CHECK ((settled_at IS NOT NULL) = (status IN ('delivered', 'superseded', 'failed')))
) WITH (fillfactor = 80);
CREATE INDEX account_mail_work ON account_mail (claimable_at) WHERE status IN ('pending', 'sending');
CREATE INDEX account_mail_to ON account_mail (email, created_at);
CREATE INDEX account_mail_of ON account_mail (user_id);
CREATE INDEX account_mail_expired ON account_mail (expires_at);

-- SHA-256 of what a link carries. Each attempt to send makes its own, so that none is ever stored in clear; all of
-- a mail's are used together.
CREATE TABLE account_mail_token (
    hash    bytea PRIMARY KEY,
    mail_id uuid  NOT NULL REFERENCES account_mail (id) ON DELETE CASCADE
);
CREATE INDEX account_mail_token_of ON account_mail_token (mail_id);
