-- The states of the Project actors.
CREATE TABLE project (
    id       text    PRIMARY KEY,
    version  bigint  NOT NULL,
    state    jsonb   NOT NULL,
    owner    uuid    GENERATED ALWAYS AS ((state ->> 'owner')::uuid) STORED,
    archived boolean GENERATED ALWAYS AS (coalesce((state ->> 'archived')::boolean, false)) STORED,
    deleted  boolean GENERATED ALWAYS AS (coalesce(state ->> 'deleted_at', '') <> '') STORED
) WITH (fillfactor = 80);
CREATE INDEX project_trash ON project (owner) WHERE deleted;

-- Who may do what in a project, its owner too: written in the project's own commits. A deleted project has no
-- rows, so a row alone says that somebody has access.
CREATE TABLE project_member (
    project_id uuid NOT NULL,
    user_id    uuid NOT NULL,
    role       text NOT NULL CHECK (role IN ('viewer', 'editor', 'owner')),
    PRIMARY KEY (user_id, project_id)
);
CREATE INDEX project_member_by_project ON project_member (project_id);

-- Comments: written in the commits of the tasks they are on, which keep no text.
CREATE TABLE task_comment (
    id         uuid        PRIMARY KEY,
    task_id    uuid        NOT NULL,
    author     uuid        NOT NULL,
    text       text        NOT NULL,
    created_at timestamptz NOT NULL,
    edited_at  timestamptz
);
CREATE INDEX task_comment_of_task ON task_comment (task_id, created_at, id);

-- For the trash of a project: its tasks, found by its deletion and its restoration.
CREATE INDEX task_of_project ON task ((state ->> 'project')) WHERE state ? 'project';
