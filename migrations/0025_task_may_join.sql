-- To who sees a project it is a matter of roles whether a task may come there; task_relations tells everybody else that
-- there is none. The answer is stored, so it must not depend on who looks into it later.
CREATE FUNCTION task_may_join(asked jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF asked ? 'joins' AND EXISTS (
        SELECT FROM project_member AS m
        WHERE m.user_id = (asked ->> 'person')::uuid AND m.project_id = (asked ->> 'project')::uuid
          AND m.role NOT IN ('editor', 'owner')
    ) THEN
        PERFORM refuse_relation('project_id', 'needs_editor', 'This needs the role `editor` in the project.');
    END IF;
    RETURN true;
END $$;
