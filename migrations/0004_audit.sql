-- The audit log: appended to, never changed.
CREATE SCHEMA audit;
CREATE TABLE audit.entry (
    event_id    uuid        PRIMARY KEY,
    topic       text        NOT NULL,
    type        text        NOT NULL,
    task_id     uuid,
    user_id     uuid,
    version     bigint,
    at          timestamptz NOT NULL,
    data        jsonb       NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX entry_by_task ON audit.entry (task_id, at, event_id);

CREATE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
