-- What a task's commit asks about its project, when the lock of the project's tasks is held: see `task_relations`.
-- The project's own commit holds it too when the project goes to the trash or comes back, so one of the two sees the
-- other: either the task is refused, or the project's sweep finds it.
--   joins         it comes to that project, or comes back from the trash in it
--   with_project  it does what its project told it: {project, deleted}
CREATE FUNCTION task_in_project(asked jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    now_is project;
BEGIN
    IF asked ? 'joins' THEN
        SELECT * INTO now_is FROM project WHERE id = asked ->> 'joins';
        IF now_is.deleted THEN
            PERFORM refuse_relation('project_id', 'in_trash', 'The project is in the trash.');
        ELSIF now_is.archived THEN
            PERFORM refuse_relation('project_id', 'archived', 'An archived project takes no tasks.');
        END IF;
    END IF;
    IF asked ? 'with_project' THEN
        SELECT * INTO now_is FROM project WHERE id = asked -> 'with_project' ->> 'project';
        IF now_is.deleted IS DISTINCT FROM (asked -> 'with_project' ->> 'deleted')::boolean THEN
            PERFORM refuse_relation('project_id', 'stale', 'The project has changed since.');
        END IF;
    END IF;
    RETURN true;
END $$;

-- The history of a project.
ALTER TABLE audit.entry ADD COLUMN project_id uuid;
CREATE INDEX entry_by_project ON audit.entry (project_id, at, event_id) WHERE project_id IS NOT NULL;
