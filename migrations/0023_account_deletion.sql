-- Of a deleted account only the id is left: its address is free again, and is replaced by the id.
ALTER TABLE app_user ADD COLUMN deleted_at timestamptz;

-- Accounts that were deleted and whose content still has to go: one row an account, gone when all has.
CREATE TABLE account_deletion (
    user_id  uuid        PRIMARY KEY REFERENCES app_user,
    begun_at timestamptz NOT NULL DEFAULT now(),
    -- All is gone through twice: see services/todo-backend/src/deletion.rs.
    round    integer     NOT NULL DEFAULT 1,
    -- What is to be done next.
    step     text        NOT NULL,
    -- When somebody is to go on: also the end of the lease of whoever does.
    due_at   timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);
CREATE INDEX account_deletion_due ON account_deletion (due_at);

-- The history of a person.
CREATE INDEX entry_by_person ON audit.entry (user_id);

-- What of an event stays when its person is gone: that it happened, to what, and which version came of it. What this
-- does not name may be somebody's words, and goes.
CREATE FUNCTION audit.without_content(data jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(data)
    WHERE key IN ('task_id', 'project_id', 'left_project_id', 'user_id', 'by', 'member_id', 'role', 'comment_id',
        'version', 'fields', 'series_id', 'next_id', 'reminder_id', 'generation', 'notification_id', 'delivery_id',
        'channel', 'attempts', 'late_ms')
$$;

-- The one change that the history allows: an entry of a deleted account loses its content.
CREATE FUNCTION audit.refuse_other_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    redacted audit.entry := OLD;
BEGIN
    redacted.data := audit.without_content(OLD.data);
    IF NEW IS DISTINCT FROM redacted
        OR NOT EXISTS (SELECT FROM app_user WHERE id = OLD.user_id AND deleted_at IS NOT NULL)
    THEN
        RAISE EXCEPTION 'the audit log is append-only';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER append_only ON audit.entry;
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON audit.entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
CREATE TRIGGER only_redacted BEFORE UPDATE ON audit.entry
    FOR EACH ROW EXECUTE FUNCTION audit.refuse_other_change();

-- Takes the content from some entries of a deleted account; from how many it did.
CREATE FUNCTION audit.redact(person uuid, at_most integer) RETURNS bigint LANGUAGE sql AS $$
    WITH redacted AS (
        UPDATE audit.entry SET data = audit.without_content(data)
        WHERE event_id IN (
            SELECT event_id FROM audit.entry
            WHERE user_id = person AND data <> audit.without_content(data) LIMIT at_most
        )
        RETURNING event_id
    )
    SELECT count(*) FROM redacted
$$;
