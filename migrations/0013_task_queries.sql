-- What lists filter, search and sort by, generated from the states that turns commit. Adding stored columns writes
-- the table anew, under a lock.
CREATE EXTENSION IF NOT EXISTS unaccent;

-- Every turn computes the columns below for its row. PL/pgSQL keeps a function's plan for the session, where SQL makes
-- it for each statement anew; and an expression is quicker than a query.

-- A text as it is searched and sorted: without case and accents.
CREATE FUNCTION folded(text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN lower(public.unaccent('public.unaccent'::regdictionary, $1));
END $$;

-- The words of a text, the same in what is searched and in what is asked. What is longer than any word is cut:
-- PostgreSQL takes no lexeme of more than 2,046 bytes.
CREATE FUNCTION search_words(text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    kept text := $1;
BEGIN
    IF octet_length(kept) > 500 THEN
        kept := regexp_replace(kept, '(\S{100})\S{100,}', '\1', 'g');
    END IF;
    RETURN tsvector_to_array(to_tsvector('pg_catalog.simple', public.folded(kept)));
END $$;

-- A task's words, its tags as #tag, and as !word what else it is found by. Each begins with a mark of list and status:
-- so a search reads those of one list, and nobody else's.
CREATE FUNCTION task_search(state jsonb) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    scope text := CASE state -> 'lifecycle' ->> 'status' WHEN 'done' THEN 'd' ELSE 'o' END
        || right(coalesce(state ->> 'project', state ->> 'owner'), 8) || '/';
    found text[] := public.search_words((state ->> 'title') || ' ' || coalesce(state ->> 'notes', ''));
BEGIN
    IF jsonb_array_length(coalesce(state -> 'tags', '[]')) > 0 THEN
        found := found || ARRAY(SELECT '#' || lower(tag) FROM jsonb_array_elements_text(state -> 'tags') AS tag);
    END IF;
    IF state ? 'series' THEN
        found := found || '!recurring'::text;
    END IF;
    IF state ? 'blocked_by' THEN
        found := found || '!blocked'::text;
    END IF;
    -- No word has a line break in it.
    RETURN array_to_tsvector(string_to_array(scope || array_to_string(found, E'\n' || scope), E'\n'));
END $$;

-- When a task is due, as domain::Task::due_instant says: a day counts from the day start in its person's zone, a time
-- that a zone skips is later by the gap, one that it repeats is the first of the two. By the zone table of when the
-- state was written: after a change of that table a task has its new instant from its next change on, and not by itself.
CREATE FUNCTION due_instant(due jsonb, person jsonb) RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    wall timestamp;
    zone text := coalesce(due ->> 'zone', person ->> 'zone');
    instant timestamptz;
    shift interval;
BEGIN
    IF due ? 'at' THEN
        wall := (due ->> 'at')::timestamp;
    ELSIF due ? 'date' THEN
        wall := (due ->> 'date')::date + coalesce(person ->> 'day_start', '09:00')::time;
    ELSE
        RETURN NULL;
    END IF;
    instant := wall AT TIME ZONE zone;
    -- PostgreSQL takes the second.
    FOREACH shift IN ARRAY ARRAY[interval '1 hour', '30 minutes', '2 hours'] LOOP
        IF (instant - shift) AT TIME ZONE zone = wall THEN
            RETURN instant - shift;
        END IF;
    END LOOP;
    RETURN instant;
EXCEPTION WHEN invalid_parameter_value THEN
    -- A zone this server does not know must not keep a task from being committed.
    RETURN wall AT TIME ZONE 'UTC';
END $$;

-- A day as states hold it: year, month, day, whatever the session's style of dates.
CREATE FUNCTION iso_date(text) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN make_date(left($1, 4)::integer, substr($1, 6, 2)::integer, substr($1, 9, 2)::integer);

-- Where a task stands among others; domain::Position::last of when it was made, until somebody places it.
CREATE FUNCTION task_position(state jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN coalesce(state ->> 'position', lpad(to_hex(
        (extract(epoch FROM (state ->> 'created_at')::timestamptz) * 1000000)::bigint), 14, '0') || 'V');
END $$;

ALTER TABLE task
    -- A task is in one list: that of its project, or of whoever made it.
    ADD COLUMN list uuid GENERATED ALWAYS AS (coalesce(state ->> 'project', state ->> 'owner')::uuid) STORED,
    ADD COLUMN parent_id uuid GENERATED ALWAYS AS ((state ->> 'parent')::uuid) STORED,
    ADD COLUMN position text COLLATE "C" GENERATED ALWAYS AS (task_position(state)) STORED,
    ADD COLUMN priority smallint GENERATED ALWAYS AS (
        CASE state ->> 'priority' WHEN 'urgent' THEN 4 WHEN 'high' THEN 3 WHEN 'medium' THEN 2 WHEN 'low' THEN 1 ELSE 0 END
    ) STORED,
    ADD COLUMN due_at timestamptz GENERATED ALWAYS AS (due_instant(state -> 'due', state -> 'zone')) STORED,
    -- Only of a task that is due on a day: which one depends on nobody's zone.
    ADD COLUMN due_on date GENERATED ALWAYS AS (iso_date(state -> 'due' ->> 'date')) STORED,
    ADD COLUMN start_on date GENERATED ALWAYS AS (iso_date(state ->> 'start')) STORED,
    ADD COLUMN title_key text COLLATE "C" GENERATED ALWAYS AS (left(folded(state ->> 'title'), 100)) STORED,
    ADD COLUMN search tsvector GENERATED ALWAYS AS (task_search(state)) STORED;

-- One index an order of lists. Each costs every commit that is no HOT update a few microseconds.
CREATE INDEX task_by_created ON task (list, done, created_at, id) WHERE NOT deleted;
CREATE INDEX task_by_due ON task (list, done, due_at, id) WHERE NOT deleted;
CREATE INDEX task_by_priority ON task (list, done, priority, id) WHERE NOT deleted;
CREATE INDEX task_by_title ON task (list, done, title_key, id) WHERE NOT deleted;
CREATE INDEX task_by_position ON task (list, done, position, id) WHERE NOT deleted;
CREATE INDEX task_by_start ON task (list, start_on, id) WHERE start_on IS NOT NULL AND NOT done AND NOT deleted;
CREATE INDEX task_of_parent ON task (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX task_search ON task USING gin (search) WHERE NOT deleted;
