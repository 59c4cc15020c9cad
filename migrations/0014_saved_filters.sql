-- Lists that people keep under a name. No rule of an actor is at stake, so these are plain rows.
CREATE TABLE saved_filter (
    id         uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL,
    version    bigint      NOT NULL DEFAULT 1,
    name       text        NOT NULL,
    -- Parameters of GET /api/v1/tasks, as they stand in a URI.
    query      text        NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX saved_filter_of_user ON saved_filter (user_id, created_at, id);

-- Comments are searched with their tasks. They do not know their task's list, so their words are everybody's.
ALTER TABLE task_comment
    ADD COLUMN search tsvector GENERATED ALWAYS AS (array_to_tsvector(search_words(text))) STORED;
CREATE INDEX task_comment_search ON task_comment USING gin (search);
