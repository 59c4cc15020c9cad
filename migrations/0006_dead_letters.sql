-- Events that a subscriber gave up, until somebody has them published again.
CREATE TABLE dead_letter (
    -- The subscriber, by app-id: others may have taken the same event.
    app         text        NOT NULL,
    event_id    uuid        NOT NULL,
    -- Where it was published; unknown if the event cannot be read.
    topic       text,
    -- As it came. It may be mended before it is published again. No jsonb: it need not be JSON at all.
    event       text        NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- How often it was given up.
    times       integer     NOT NULL DEFAULT 1,
    redriven_at timestamptz,
    PRIMARY KEY (app, event_id)
);
CREATE INDEX dead_letter_waiting ON dead_letter (received_at) WHERE redriven_at IS NULL;

-- Publishes waiting dead letters again, by the outbox: all, or those of one app or one event. One that cannot be
-- published stays, and `refused` says why.
CREATE FUNCTION redrive_dead_letters(of_app text DEFAULT NULL, of_event uuid DEFAULT NULL)
RETURNS TABLE (app text, event_id uuid, refused text) LANGUAGE plpgsql AS $$
DECLARE
    letter dead_letter;
    body   jsonb;
BEGIN
    FOR letter IN
        SELECT * FROM dead_letter AS d
        WHERE d.redriven_at IS NULL AND d.app = coalesce(of_app, d.app) AND d.event_id = coalesce(of_event, d.event_id)
        ORDER BY d.received_at FOR UPDATE
    LOOP
        app := letter.app;
        event_id := letter.event_id;
        refused := NULL;
        BEGIN
            body := letter.event;
            IF letter.topic IS NULL THEN
                RAISE 'its topic is not known';
            ELSIF NOT body ?& ARRAY['specversion', 'id', 'type', 'source'] THEN
                RAISE 'it is no CloudEvent';
            END IF;
            -- Any partition will do: its place among the events of its actor is past.
            INSERT INTO actor_outbox (event_id, partition, version, destination, topic, key, body)
            VALUES (letter.event_id, abs(hashtext(letter.event_id::text) % 16), 0, 'topic', letter.topic,
                    coalesce(body ->> 'partitionkey', body ->> 'subject', letter.event_id::text), body);
            UPDATE dead_letter AS d SET redriven_at = clock_timestamp()
            WHERE d.app = letter.app AND d.event_id = letter.event_id;
        EXCEPTION WHEN OTHERS THEN
            refused := SQLERRM;
        END;
        RETURN NEXT;
    END LOOP;
END $$;
