-- People. The e-mail address is unique whatever its case.
CREATE TABLE app_user (
    id            uuid        PRIMARY KEY,
    email         text        NOT NULL,
    password_hash text        NOT NULL,
    time_zone     text        NOT NULL,
    zone_version  integer     NOT NULL DEFAULT 1,
    -- The idempotency key the account was registered under, to tell a retry from a second registration.
    registration_key text,
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX app_user_email ON app_user (lower(email));
